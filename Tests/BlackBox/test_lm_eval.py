"""lm-evaluation-harness scores a log-likelihood task against the server (`local-completions`)."""

import json
import os
import subprocess
import sys
from pathlib import Path

TASKS = Path(__file__).parent / "lm_eval"


def test_a_loglikelihood_task_runs(server, tmp_path):
    # The task names its data relative to itself; the harness reads it relative to where it runs.
    arguments = f"model=demo,base_url={server.url}/v1/completions,num_concurrent=2,max_retries=1,max_length=1024"
    environment = os.environ | {
        "HF_HOME": str(tmp_path), "HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "unused"}
    done = subprocess.run(
        [sys.executable, "-m", "lm_eval", "run", "--model", "local-completions", "--model_args", arguments, "--tasks", "outcrop_facts",
         "--include_path", str(TASKS), "--output_path", str(tmp_path / "out"), "--log_samples"],
        cwd=TASKS, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    results = json.loads(next((tmp_path / "out").rglob("results_*.json")).read_text())
    # The demo model knows its subject: it must beat a guess among three.
    assert results["results"]["outcrop_facts"]["acc,none"] >= 0.5
