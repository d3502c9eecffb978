using System.Globalization;
using System.Text.Json;
using StackExchange.Redis;

namespace CodeAgent.Testing.Books;

/// <summary>
/// Whether what Redis has of the tasks agrees with itself: each task is in exactly the indexes that its state says, its log has
/// no gap, each of its runs ends once. Only while nobody writes; it reads the keys themselves, and nothing of the Api's code.
/// </summary>
internal static class TaskBooks
{
    private const string Prefix = "codeagent:";
    private static readonly string[] QueueNames = ["agent", "tenant", "group", "repository"];
    private static readonly string[] Indexes = ["tasks:", "tenant:", "lane:", "lanes:", "turns:"];
    private static readonly string[] Final = ["task.succeeded", "task.failed", "task.canceled"];

    /// <summary>What is wrong, in words; nothing where the books are balanced.</summary>
    public static async Task<IReadOnlyList<string>> CheckAsync(IConnectionMultiplexer client)
    {
        var (redis, keys) = (client.GetDatabase(), new List<string>());
        await foreach (var key in client.GetServer(client.GetEndPoints()[0]).KeysAsync(redis.Database, Prefix + "*"))
        {
            keys.Add(key.ToString());
        }

        List<string> wrong = [];
        var (expected, running) = (new SortedSet<string>(StringComparer.Ordinal), new SortedDictionary<string, int>(StringComparer.Ordinal));
        foreach (var id in keys.Select(TaskOf).OfType<Guid>().Distinct())
        {
            var fields = await redis.HashGetAsync($"{Prefix}task:{id:D}", ["state", "status", "fence", "request"]);
            if (fields.Any(field => field.IsNull))
            {
                wrong.Add($"{id}: there are keys of it, but it has no state, status, fence or request");
                continue;
            }

            using var state = JsonDocument.Parse((string)fields[0]!);
            var log = (await redis.ListRangeAsync($"{Prefix}task:{id:D}:events")).Select(line => JsonDocument.Parse((string)line!).RootElement).ToList();
            var messages = await redis.ListLengthAsync($"{Prefix}task:{id:D}:messages");
            wrong.AddRange(CheckTask(state.RootElement, (string)fields[1]!, (long)fields[2], log, messages).Select(what => $"{id}: {what}"));
            expected.UnionWith(Places(state.RootElement).Select(place => $"{place} {id}"));
            CountRunning(state.RootElement, running);
            expected.UnionWith(Turns(state.RootElement));
        }

        expected.UnionWith(running.Select(entry => $"running {entry.Key}: {entry.Value}"));
        expected.UnionWith(expected.Where(place => place.StartsWith("lane:", StringComparison.Ordinal)).SelectMany(Sizes).GroupBy(name => name)
            .Select(size => $"queue-sizes {size.Key}: {size.Count()}").ToList());
        var actual = await PlacesAsync(redis, keys.Where(IsIndex));
        foreach (var hash in (string[])["running", "queue-sizes"])
        {
            actual.UnionWith((await redis.HashGetAllAsync(Prefix + hash)).Select(entry => $"{hash} {entry.Name}: {entry.Value}"));
        }

        wrong.AddRange(expected.Except(actual).Select(place => $"missing: {place}"));
        wrong.AddRange(actual.Except(expected).Select(place => $"too much: {place}"));
        return wrong;
    }

    // Where a task in this state has to be, and nowhere else. The one place to change with the indexes.
    private static IEnumerable<string> Places(JsonElement state)
    {
        var status = state.GetProperty("status").GetString()!;
        foreach (var list in Text(state, "tenant") is { Length: > 0 } tenant ? (string[])["", $"tenant:{tenant}:"] : [""])
        {
            yield return $"{list}tasks";
            yield return $"{list}tasks:status:{status.Replace("_", "", StringComparison.Ordinal)}";
            foreach (var label in state.GetProperty("labels").EnumerateObject())
            {
                yield return $"{list}tasks:label:{label.Name}:{label.Value.GetString()}";
            }
        }

        if (IsDue(state))
        {
            yield return $"lane:{string.Join(':', QueueNames.Select(name => Uri.EscapeDataString(Text(state, name))))}";
        }

        if (state.TryGetProperty("notBefore", out var notBefore))
        {
            yield return $"delayed at {notBefore.GetDateTimeOffset().ToUnixTimeMilliseconds()}";
        }

        if (status == "running")
        {
            yield return $"leases at {Milliseconds(state.GetProperty("lease"))}";
        }

        if (status == "awaiting_input")
        {
            yield return $"waiting at {Milliseconds(state.GetProperty("question"))}";
        }

        if (state.TryGetProperty("checkpoint", out _))
        {
            yield return "checkpoint";
        }
    }

    // Who has a turn, on every level: whoever has a task below, and nobody else.
    private static IEnumerable<string> Turns(JsonElement state)
    {
        if (!IsDue(state))
        {
            yield break;
        }

        var names = QueueNames.Select(name => Text(state, name)).ToList();
        yield return $"turns {names[0]}";
        yield return $"turns:{Uri.EscapeDataString(names[0])} {names[1]}";
        yield return $"turns:{string.Join(':', names.Take(2).Select(Uri.EscapeDataString))} {names[2]}";
        yield return $"lanes:{string.Join(':', names.Take(3).Select(Uri.EscapeDataString))} {names[3]}";
    }

    private static IEnumerable<string> Sizes(string place)
    {
        var names = place["lane:".Length..place.IndexOf(' ', StringComparison.Ordinal)].Split(':');
        return Enumerable.Range(1, 3).Select(count => string.Join(':', names.Take(count)));
    }

    private static void CountRunning(JsonElement state, SortedDictionary<string, int> running)
    {
        if (Text(state, "status") == "running")
        {
            foreach (var field in (string[])[$"tenant:{Text(state, "tenant")}", .. Text(state, "repository") is { Length: > 0 } repository ? [$"repository:{repository}"] : Array.Empty<string>()])
            {
                running[field] = running.GetValueOrDefault(field) + 1;
            }
        }
    }

    private static bool IsDue(JsonElement state) => Text(state, "status") == "queued" && !state.TryGetProperty("notBefore", out _);

    private static string Text(JsonElement state, string name) => state.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static bool IsIndex(string key) => key is Prefix + "tasks" or Prefix + "leases" or Prefix + "waiting" or Prefix + "delayed" or Prefix + "turns"
        || Indexes.Any(index => key.StartsWith(Prefix + index, StringComparison.Ordinal))
        || key.EndsWith(":checkpoint", StringComparison.Ordinal);

    private static async Task<SortedSet<string>> PlacesAsync(IDatabase redis, IEnumerable<string> indexes)
    {
        var places = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var key in indexes)
        {
            var name = key[Prefix.Length..];
            if (TaskOf(key) is { } id)
            {
                places.Add($"checkpoint {id}");
                continue;
            }

            await foreach (var entry in redis.SortedSetScanAsync(key))
            {
                places.Add(name is "leases" or "waiting" or "delayed" ? string.Create(CultureInfo.InvariantCulture, $"{name} at {entry.Score} {entry.Element}") : $"{name} {entry.Element}");
            }
        }

        return places;
    }

    private static IEnumerable<string> CheckTask(JsonElement state, string status, long fence, List<JsonElement> log, long messages)
    {
        string Text(string name) => state.GetProperty(name).ToString();
        var isFinal = status is "succeeded" or "failed" or "canceled";
        if (Text("status") != status || Text("fence") != $"{fence}")
        {
            yield return $"the state says {Text("status")} and fence {Text("fence")}, the fields beside it {status} and {fence}";
        }

        if (state.TryGetProperty("lease", out _) != (status == "running") || state.TryGetProperty("finishedAt", out _) != isFinal)
        {
            yield return $"a lease or an end does not fit to {status}";
        }

        if (Text("messages") != $"{messages}")
        {
            yield return $"{messages} messages are kept, the state knows {Text("messages")}";
        }

        if (!log.Select(e => e.GetProperty("number").GetInt64()).SequenceEqual(Enumerable.Range(1, log.Count).Select(number => (long)number)) || Text("lastEvent") != $"{log.Count}")
        {
            yield return $"the events are {string.Join(',', log.Select(e => e.GetProperty("number").GetInt64()))}, the state knows {Text("lastEvent")}";
        }

        var fences = log.Where(e => Type(e) == "task.claimed").Select(e => e.GetProperty("data").GetProperty("fence").GetInt64()).ToList();
        if (!fences.SequenceEqual(Enumerable.Range(1, (int)fence).Select(number => (long)number)))
        {
            yield return $"the claims have the fences {string.Join(',', fences)}, the newest is {fence}";
        }

        var ends = log.Count(e => Final.Contains(Type(e)));
        if (ends != state.GetProperty("run").GetInt32() - (isFinal ? 0 : 1))
        {
            yield return $"{ends} final events in {Text("run")} runs, and it is {status}";
        }
    }

    private static string Type(JsonElement e) => e.GetProperty("type").GetString()!;

    private static long Milliseconds(JsonElement limited) => limited.GetProperty("expiresAt").GetDateTimeOffset().ToUnixTimeMilliseconds();

    private static Guid? TaskOf(string key) => key.StartsWith(Prefix + "task:", StringComparison.Ordinal) && Guid.TryParse(key.AsSpan(Prefix.Length + 5, Math.Min(36, key.Length - Prefix.Length - 5)), out var id) ? id : null;
}
