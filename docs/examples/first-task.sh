#!/bin/sh
# A task on this very repository, played by the simulator: it edits a source file and its test, and the repository's own tests
# check it. Run it from the root of the checkout while the system runs.
set -eu
api=${CODEAGENT_API:-http://127.0.0.1:3456}
key=${CODEAGENT_API_KEY:-$(cat artifacts/dev/api-key)}

prompt='Raise the default time limit of a task from 30 to 45 minutes.

```simulator
{"call": "search", "with": {"pattern": "Minutes .* = 30", "glob": "**/*.cs"}}
{"call": "edit", "with": {"path": "CodeAgent.Api/Contracts/TaskRequest.cs", "old": "public int Minutes { get; set; } = 30;", "new": "public int Minutes { get; set; } = 45;"}}
{"call": "edit", "with": {"path": "tests/CodeAgent.Api.Tests/Contracts/ContractsTests.cs", "old": "Minutes = 30", "new": "Minutes = 45"}}
{"call": "finish", "with": {"summary": "Raise the default time limit to 45 minutes"}}
```'

# JSON in, JSON out; the string is escaped by hand so that nothing but a shell and curl is needed.
escape() { sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' | awk '{ printf "%s\\n", $0 }'; }

curl --fail-with-body --silent --show-error "$api/v1/tasks" \
  --header "Authorization: Bearer $key" --header "Content-Type: application/json" --data @- <<JSON
{
  "prompt": "$(printf '%s' "$prompt" | escape)",
  "repository": { "url": "file://$(pwd)" },
  "agent": { "name": "builtin", "model": "simulator" },
  "checks": ["dotnet run --project tests/CodeAgent.Api.Tests -- --filter-class CodeAgent.Api.Tests.Contracts.ContractsTests"]
}
JSON
echo
