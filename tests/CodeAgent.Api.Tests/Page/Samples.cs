using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tests.Page;

/// <summary>What a task looks like.</summary>
internal static class Samples
{
    public const string Patch = """
        diff --git a/src/Parser.cs b/src/Parser.cs
        index 1111111..2222222 100644
        --- a/src/Parser.cs
        +++ b/src/Parser.cs
        @@ -1,3 +1,4 @@
         class Parser
        -    old line
        +    new line
        +    another line
         end
        """;

    private static readonly DateTimeOffset Start = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    public static TaskView Task(string prompt) => new()
    {
        Id = Guid.CreateVersion7(),
        Status = TaskStatus.Running,
        CreatedAt = Start,
        UpdatedAt = Start,
        StartedAt = Start,
        CorrelationId = "0af7651916cd43dd8448eb211c80319c",
        Request = new() { Prompt = prompt, Repository = new() { Url = "https://example.org/repository.git", Ref = "main" } },
        Attempt = 1,
        MaxAttempts = 3,
        Turns = 2,
        Worker = "worker-1",
        Artifacts = [new() { Name = "patch", ContentType = "text/x-patch", Length = Patch.Length, Sha256 = "0", CreatedAt = Start }],
        Usage = new() { InputTokens = 12_345, CachedInputTokens = 10_000, OutputTokens = 678, CostUsd = 0.0421m },
        LastEvent = 1,
    };

    public static IEnumerable<TaskEvent> Events(params (string Type, object Data)[] events) =>
        events.Select((item, i) => new TaskEvent(i + 1, Start.AddSeconds(i), item.Type, 1, JsonSerializer.SerializeToElement(item.Data)));
}
