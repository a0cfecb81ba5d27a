#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""clusterfuzz.py CLONE <LOGS >ANSWERS: has the parser and the comparer of a clone of ClusterFuzz judge
crashes. LOGS is a JSON list of {"text", "symbolized"}; ANSWERS has what is made of each, with its
state by number, and the pairs of unequal states that are taken for one bug."""
import json
import os
import sys

clone = os.path.abspath(sys.argv[1])
os.environ.setdefault('ROOT_DIR', clone)
sys.path.insert(0, os.path.join(clone, 'src'))

try:
  from clusterfuzz import stacktraces
  from clusterfuzz._internal.crash_analysis import crash_analyzer
  from clusterfuzz._internal.crash_analysis import crash_comparer
except ImportError as error:
  sys.exit(f'cannot load ClusterFuzz from {clone}: {error}')


states = {}
readings = []
for log in json.load(sys.stdin):
  parser = stacktraces.StackParser(
      symbolized=log['symbolized'],
      detect_ooms_and_hangs=True,
      fuzz_target='iova_domain')
  crash = parser.parse(log['text'])
  readings.append({
      'type': crash.crash_type,
      'address': crash.crash_address,
      'state': states.setdefault(crash.crash_state, len(states)),
      'security': bool(
          crash_analyzer.is_security_issue(log['text'], crash.crash_type,
                                           crash.crash_address)),
      'labels': sorted(crash.crash_categories),
  })

distinct = list(states)
similar = [
    [i, j] for i, one in enumerate(distinct) for j, other in enumerate(distinct)
    if i != j and crash_comparer.CrashComparer(one, other).is_similar()
]
json.dump({'states': distinct, 'readings': readings, 'similar': similar}, sys.stdout)
