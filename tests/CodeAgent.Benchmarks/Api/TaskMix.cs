using System.Text;

namespace CodeAgent.Benchmarks.Api;

/// <summary>A request of the mix.</summary>
/// <param name="Kind">Its name in <see cref="TaskMix.Kinds"/>.</param>
/// <param name="Path">With its query.</param>
internal sealed record MixRequest(string Kind, string Path)
{
    public bool IsPost => Kind == TaskMix.Create;
}

/// <summary>What those who use the Api ask it for: the same shuffled list for every server and every load tool.</summary>
internal static class TaskMix
{
    public const string Create = "create a task";
    public const int EventsOfTask = 40;
    private const int Length = 10_000;
    private const int Seed = 1;

    /// <summary>The kinds of requests, and how many of a hundred are of each.</summary>
    public static IReadOnlyList<(string Kind, int Share)> Kinds { get; } =
        [(Create, 20), ("get a task", 40), ("list 20 tasks", 10), ("a page of 40 events", 20), ("status", 10)];

    /// <summary>The body of a new task.</summary>
    public static byte[] Body { get; } = Encoding.UTF8.GetBytes("""
        {
          "prompt": "The test Reading.CountsReads fails since the cache was added: the file is read twice. Find out why, correct it without changing the test, and add a test for a file that changes between two reads.",
          "repository": { "url": "https://git.example.com/team/service.git", "ref": "main" },
          "checks": ["dotnet test"],
          "limits": { "minutes": 30, "costUsd": 2.5 },
          "labels": { "team": "platform" }
        }
        """);

    /// <param name="tasks">Those that are looked at.</param>
    /// <param name="told">Those of them that have <see cref="EventsOfTask"/> events.</param>
    public static IReadOnlyList<MixRequest> Requests(IReadOnlyList<Guid> tasks, IReadOnlyList<Guid> told)
    {
        var random = new Random(Seed);
        MixRequest[] requests = [.. Kinds.SelectMany(kind => Enumerable.Range(0, Length * kind.Share / 100).Select(_ => new MixRequest(kind.Kind, Path(kind.Kind))))];
        random.Shuffle(requests);
        return requests;

        string Path(string kind) => kind switch
        {
            "get a task" => $"/v1/tasks/{tasks[random.Next(tasks.Count)]}",
            "list 20 tasks" => "/v1/tasks?limit=20",
            "a page of 40 events" => $"/v1/tasks/{told[random.Next(told.Count)]}/events?limit={EventsOfTask}",
            "status" => "/v1/status",
            _ => "/v1/tasks",
        };
    }
}
