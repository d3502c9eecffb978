using System.Text;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>Reports what a CLI did in the form that the built-in agent's doings have.</summary>
internal sealed class CliReporter(IAgentSession session, string workspace)
{
    private const int LongestReported = 16_000;
    private const int LongestReportedArgument = 8_000;
    private const int MostOpenCalls = 1_000;
    private readonly Dictionary<string, OpenCall> _calls = new(StringComparer.Ordinal);
    private readonly StringBuilder _message = new();

    /// <summary>Calls without an answer so far.</summary>
    public int Open => _calls.Count;

    /// <summary>The last that the agent said.</summary>
    public string? LastMessage { get; private set; }

    /// <summary>Reports an event; those that say nothing to a watcher are passed over.</summary>
    public async Task ReportAsync(CliEvent told, CancellationToken cancellationToken)
    {
        if (told is CliEvent.Message { IsPiece: true } piece)
        {
            _message.Append(piece.Text);
            if (_message.Length < LongestReported)
            {
                return;
            }
        }

        await FlushAsync(cancellationToken);
        switch (told)
        {
            case CliEvent.Message { IsPiece: false } message:
                await SayAsync(message.Text, cancellationToken);
                break;
            case CliEvent.Reasoning reasoning when reasoning.Text.Length > 0:
                await session.ReportAsync(EventTypes.AgentReasoning, new { text = reasoning.Text }, cancellationToken);
                break;
            case CliEvent.Called call:
                await ReportAsync(call, cancellationToken);
                break;
            case CliEvent.Answered answer:
                await ReportAsync(answer, cancellationToken);
                break;
            case CliEvent.Changed change:
                await session.ReportAsync(EventTypes.FileChanged, new FileChange(Relative(change.Path), change.Kind), cancellationToken);
                break;
            case CliEvent.Planned plan:
                await session.ReportAsync(EventTypes.Plan, new { items = plan.Items }, cancellationToken);
                break;
        }
    }

    /// <summary>Reports a message whose pieces have all come.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var text = _message.ToString();
        _message.Clear();
        await SayAsync(text, cancellationToken);
    }

    private async Task SayAsync(string text, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrWhiteSpace(text))
        {
            LastMessage = text.Trim();
            await session.ReportAsync(EventTypes.AgentMessage, new { text }, cancellationToken);
        }
    }

    private async Task ReportAsync(CliEvent.Called call, CancellationToken cancellationToken)
    {
        var arguments = call.Arguments.EnumerateObject().DistinctBy(argument => argument.Name).ToDictionary(argument => argument.Name, argument => Reported(argument));
        if (_calls.Count < MostOpenCalls)
        {
            var path = call.Name is CliTool.Write or CliTool.Edit ? arguments.GetValueOrDefault(CliTool.Path) as string : null;
            _calls[call.Id] = new(call.Name, path, call.Name == CliTool.Edit || (path is not null && File.Exists(Path.Combine(workspace, path))));
        }

        await session.ReportAsync(EventTypes.ToolCall, new { call.Id, call.Name, arguments }, cancellationToken);
    }

    private async Task ReportAsync(CliEvent.Answered answer, CancellationToken cancellationToken)
    {
        _calls.Remove(answer.Id, out var call);
        if (call?.ChangedPath is { } path && !answer.Error)
        {
            await session.ReportAsync(EventTypes.FileChanged, new FileChange(path, call.Existed ? FileChange.Modified : FileChange.Added), cancellationToken);
        }

        await session.ReportAsync(EventTypes.ToolResult,
            new { answer.Id, Name = call?.Name ?? "", output = Middle.Cut(answer.Output, LongestReported), answer.Error }, cancellationToken);
    }

    private object? Reported(JsonProperty argument)
    {
        if (JsonReading.TextOf(argument.Value) is not { } text)
        {
            return argument.Value;
        }

        return Middle.Cut(argument.Name == CliTool.Path ? Relative(text) : text, LongestReportedArgument);
    }

    // As the built-in agent has them: from the workspace's root.
    private string Relative(string path) =>
        path == workspace ? "." : path.StartsWith(workspace + '/', StringComparison.Ordinal) ? path[(workspace.Length + 1)..] : path;

    private sealed record OpenCall(string Name, string? ChangedPath, bool Existed);
}
