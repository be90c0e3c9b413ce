"""LabStreamingLayer (labstreaminglayer.org): samples and episodes live to other programs, and their streams as a board. Extra `lsl`."""
