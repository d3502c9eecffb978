using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.SystemTests.Running;

/// <summary>Tasks for the built-in agent whose model is the simulator, playing a script.</summary>
internal static class Simulated
{
    /// <summary>One answer of the model that calls a tool.</summary>
    public static string Call(string tool, object with, int waitMilliseconds = 0) =>
        JsonSerializer.Serialize(waitMilliseconds == 0
            ? new Dictionary<string, object> { ["call"] = tool, ["with"] = with }
            : new Dictionary<string, object> { ["call"] = tool, ["with"] = with, ["wait_ms"] = waitMilliseconds });

    public static TaskRequest Task(params IEnumerable<string> steps) => new()
    {
        Prompt = $"Play the script.\n```simulator\n{string.Join('\n', steps)}\n```\n",
        Agent = new() { Name = "builtin", Model = "simulator" },
    };
}
