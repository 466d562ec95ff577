import subprocess
import sys

PROGRAM = """
import sys
from datetime import UTC, datetime
from caseline.normalize.normalizer import FileNormalizer
from caseline.records.batches import RawBlock, Source

received = datetime(2026, 11, 24, tzinfo=UTC)
source = Source(name="a", collection_id="c", origin="o", received_at=received)
data = b'''2026-11-23 10:00:00 ERROR boom
\\tat com.example.A(A.java:1)
{"msg": "x", "level": "info", "a": {"b": 1}}
Nov 23 10:00:00 web-1 app[1]: boom#012#011at com.example.A(A.java:1)
Nov 23 10:00:00 web-1 last message repeated 5 times
'''
FileNormalizer(source).feed(RawBlock(source=source, data=data, last=True))
print("pandas" in sys.modules)
"""


def test_reading_does_not_import_pandas():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"
