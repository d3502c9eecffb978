using System.Globalization;
using CodeAgent.Testing;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Tests.Benches;

/// <summary>A child that leaves its parent and its session and does not listen to anybody.</summary>
internal static class StubbornChild
{
    /// <summary>Starts it; it prints its number.</summary>
    public const string Script = "(setsid nohup bash -c 'trap \"\" TERM INT HUP; echo pid $$ here; while true; do sleep 1; done' &); sleep 60";

    /// <summary>Its number.</summary>
    public static async Task<int> SeenAsync(FakeTask task)
    {
        await task.PrintedAsync("here");
        var words = task.Output.Split(' ');
        return int.Parse(words[Array.IndexOf(words, "pid") + 1], CultureInfo.InvariantCulture);
    }

    public static Task GoneAsync(int id, TimeSpan limit) => Eventually.TrueAsync(
        async () => await ProcessTable.FindAsync(id, TestContext.Current.CancellationToken) is null, limit, $"process {id} is gone");
}
