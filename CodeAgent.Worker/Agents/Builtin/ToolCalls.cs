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

    /// <summary>Carries out the calls: neighbours that only read at once, the others one after another. Stops before one that needs a person.</summary>
    /// <param name="calls">The calls of a message.</param>
    /// <param name="results">The results of the first of them, by now; gets those that come.</param>
    /// <param name="id">What questions' ids begin with.</param>
    /// <param name="reply">What a person says to the first call that has no result.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What a person must say before it can go on; none where all calls have their results.</returns>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<Question?> CarryOutAsync(IReadOnlyList<ToolCall> calls, List<ToolResult> results, string id, Reply? reply, CancellationToken cancellationToken)
    {
        if (reply is not null)
        {
            results.Add(await ReplyAsync(calls[results.Count], reply, cancellationToken));
        }

        while (results.Count < calls.Count)
        {
            if (tools.Question(calls[results.Count], $"{id}.{results.Count + 1}") is { } question)
            {
                await ReportAsync(calls[results.Count], cancellationToken);
                return question;
            }

            var beside = calls.Skip(results.Count).TakeWhile(call => tools.ReadsOnly(call) && tools.Question(call, id) is null).Count();
            var next = calls.Skip(results.Count).Take(Math.Max(1, beside)).ToList();
            foreach (var call in next)
            {
                await ReportAsync(call, cancellationToken);
            }

            var answers = await Task.WhenAll(next.Select(call => CarryOutAsync(call, cancellationToken)));
            foreach (var (call, answer) in next.Zip(answers))
            {
                await ReportAsync(call, answer, cancellationToken);
            }

            results.AddRange(answers);
        }

        return null;
    }

    private async Task<ToolResult> ReplyAsync(ToolCall call, Reply reply, CancellationToken cancellationToken)
    {
        var said = reply.Text.Length == 0 ? "" : $" They say: {reply.Text}";
        var result = reply.Decision switch
        {
            null => new(call.Id, reply.Text, Error: false),
            ApprovalDecision.Deny => new(call.Id, $"Error: A person was asked and denied this call.{said} Do without it, or finish and say what stands in the way.", Error: true),
            _ => await CarryOutAsync(call, cancellationToken),
        };
        await ReportAsync(call, result, cancellationToken);
        return result;
    }

    private ValueTask ReportAsync(ToolCall call, CancellationToken cancellationToken) =>
        session.ReportAsync(EventTypes.ToolCall, new { call.Id, call.Name, arguments = Reported(call.Arguments) }, cancellationToken);

    private ValueTask ReportAsync(ToolCall call, ToolResult result, CancellationToken cancellationToken) =>
        session.ReportAsync(EventTypes.ToolResult, new { result.Id, call.Name, output = Middle.Cut(result.Output, LongestReported), result.Error }, cancellationToken);

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
