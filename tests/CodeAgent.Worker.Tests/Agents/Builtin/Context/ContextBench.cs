using System.Globalization;
using System.Text.Json;
using CodeAgent.Worker.Agents.Builtin.Context;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Context;

/// <summary>A model with a small window, and work that fills it.</summary>
internal sealed class ContextBench : IAsyncDisposable
{
    /// <summary>About a thousand tokens.</summary>
    public static readonly string Thousand = string.Concat(Enumerable.Range(0, 250).Select(i => "the quick brown fox\n"));

    /// <summary>Tokens that the model takes.</summary>
    public const int Window = 16_000;

    /// <summary>Tokens that are sent at most: a quarter of the window is the answer's.</summary>
    public const int Limit = 12_000;

    public required AgentBench Agent { get; init; }

    public ScriptedGateway Gateway => Agent.Gateway;

    public IReadOnlyList<ModelRequest> Requests => [.. Gateway.Requests];

    /// <summary>The requests for a summary.</summary>
    public IReadOnlyList<ModelRequest> Summaries => [.. Gateway.Requests.Where(AsksForSummary)];

    public static async Task<ContextBench> CreateAsync(int turns = 30)
    {
        var agent = await AgentBench.CreateAsync();
        agent.Gateway.Models = string.Create(CultureInfo.InvariantCulture, $$"""{ "data": [ { "id": "default", "contextWindow": {{Window}} } ] }""");
        agent.Request = new() { Prompt = "Do it.", Limits = new() { Turns = turns } };
        return new() { Agent = agent };
    }

    public static bool AsksForSummary(ModelRequest request) => request.Message(^1).StartsWith("The conversation is becoming too long", StringComparison.Ordinal);

    /// <summary>Every turn reads another file of a thousand tokens: what can be left out again.</summary>
    public async Task ReadsAsync()
    {
        for (var i = 0; i < 100; i++)
        {
            await Agent.Workspace.WriteAsync($"file{i}", Thousand);
        }

        Gateway.Always = (context, request) => ScriptedGateway.CallAsync(context, "read", new { path = $"file{Turns(request)}" });
    }

    /// <summary>Every turn writes a thousand tokens: what only a summary makes shorter. Asked for one, the model says <paramref name="summary"/>.</summary>
    public void Writes(string summary) => Gateway.Always = (context, request) => AsksForSummary(request)
        ? ScriptedGateway.StreamAsync(context, [new { content = summary }], "stop", usage: null)
        : ScriptedGateway.CallAsync(context, "write", new { path = $"file{Turns(request)}", content = Thousand });

    /// <summary>Tokens of a request's texts, about.</summary>
    public static int Tokens(ModelRequest request) =>
        request.Json.GetProperty("messages").EnumerateArray().Sum(Texts) + request.Json.GetProperty("tools").EnumerateArray().Sum(Texts);

    /// <summary>Whether a request begins with all the messages of another.</summary>
    public static bool GoesOnFrom(ModelRequest before, ModelRequest after) =>
        after.Text.StartsWith(before.Text[..before.Text.LastIndexOf("],\"model\"", StringComparison.Ordinal)], StringComparison.Ordinal);

    public Task<Worker.Agents.AgentResult> RunAsync(SavedTurn? from = null) => Agent.RunAsync(from);

    public ValueTask DisposeAsync() => Agent.DisposeAsync();

    private static int Texts(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Sum(property => Texts(property.Value)),
        JsonValueKind.Array => value.EnumerateArray().Sum(Texts),
        JsonValueKind.String => TokenCount.Of(value.GetString()!),
        _ => 1,
    };

    private static int Turns(ModelRequest request) => int.Parse(request.Key.Split(':', '.')[2], CultureInfo.InvariantCulture);
}
