"""The part of the story of automations that is about runs."""

from __future__ import annotations

from tieline.api.published.postman.steps import Step

_UNTIL_OVER = 'answer.status === "queued" || answer.status === "starting" || answer.status === "running"'
_EXECUTED = {"id": "triggeredId"}

RUNS: tuple[Step, ...] = (
    Step("pinOutput"),
    Step("getPins"),
    Step("testAutomation"),
    Step("unpinOutput"),
    Step("createRun", saves={"runId": "id"}),
    Step("getRuns"),
    Step("getRun", again=_UNTIL_OVER),
    Step("getDebugLog"),
    Step("getRunOutput"),
    Step("getRunBlocks"),
    Step("getRunExecutions", saves={"executionId": "data[0].id"}),
    Step("getRunIterations", expect=(200, 404)),
    Step("getRunRecords", query={"loop": "=b0"}, expect=(200, 400, 404)),
    Step("getRunExecutionData", path={"executionId": "executionId", "part": "=output"}),
    Step("getRunEvents", expect=(200, 204)),
    Step("exportRun"),
    Step("rerunRun"),
    Step("stopRun", expect=(204, 400, 409)),
    Step("pauseRun", expect=(204, 400, 409)),
    Step("resumeRun", expect=(204, 400, 409)),
    Step("retryRun", expect=(204, 400, 409)),
    Step(
        "createAutomation",
        saves={"triggeredId": "id", "executionToken": "executionToken"},
        body={
            "name": "Asked by others",
            "workspace": {
                "blocks": [
                    {
                        "id": "start",
                        "type": "StartBlock",
                        "name": "Start",
                        "inputs": [{"id": "run_mode", "value": "triggered"}],
                    }
                ],
                "variables": [],
            },
        },
        note="for others to execute",
    ),
    Step("executeAutomation", path=_EXECUTED, headers={"X-Execution-Token": "executionToken"}),
    Step("deleteAutomation", path=_EXECUTED, note="the triggered one"),
)
