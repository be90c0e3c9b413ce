"""A person on a day: which electrode is where, and at what scale this face speaks. numpy only; imports nothing of ours."""
