using System.Diagnostics;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Worker.Agents.Builtin.Conversations;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Builtin;

/// <summary>Carries out the calls of a message and reports them.</summary>
internal sealed class ToolCalls(IAgentSession session, Toolbox tools)
{
    private const int LongestReported = 16_000;
    private const int LongestReportedArgument = 8_000;

    /// <summary>Carries out the calls: neighbours that only read at once, the others one after another.</summary>
    /// <returns>The results, in the order of the calls.</returns>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<IReadOnlyList<ToolResult>> CarryOutAsync(IReadOnlyList<ToolCall> calls, CancellationToken cancellationToken)
    {
        var results = new List<ToolResult>();
        while (results.Count < calls.Count)
        {
            var beside = calls.Skip(results.Count).TakeWhile(tools.ReadsOnly).Count();
            var next = calls.Skip(results.Count).Take(Math.Max(1, beside)).ToList();
            foreach (var call in next)
            {
                await session.ReportAsync(EventTypes.ToolCall, new { call.Id, call.Name, arguments = Reported(call.Arguments) }, cancellationToken);
            }

            var answers = await Task.WhenAll(next.Select(call => CarryOutAsync(call, cancellationToken)));
            foreach (var (call, answer) in next.Zip(answers))
            {
                await session.ReportAsync(EventTypes.ToolResult,
                    new { answer.Id, call.Name, output = Middle.Cut(answer.Output, LongestReported), answer.Error }, cancellationToken);
            }

            results.AddRange(answers);
        }

        return results;
    }

    private async Task<ToolResult> CarryOutAsync(ToolCall call, CancellationToken cancellationToken)
    {
        using var span = CodeAgentTelemetry.Source.StartActivity($"tool {call.Name}");
        span?.SetTag("codeagent.tool", call.Name);
        var result = await tools.CallAsync(call, cancellationToken);
        span?.SetStatus(result.Error ? ActivityStatusCode.Error : ActivityStatusCode.Unset);
        return result;
    }

    // A file that is written is all in one argument, and events are for people to look at.
    private static Dictionary<string, object?> Reported(JsonElement arguments) =>
        arguments.EnumerateObject().ToDictionary(argument => argument.Name, argument => argument.Value.ValueKind == JsonValueKind.String
            ? Middle.Cut(argument.Value.GetString()!, LongestReportedArgument)
            : (object?)argument.Value);
}
