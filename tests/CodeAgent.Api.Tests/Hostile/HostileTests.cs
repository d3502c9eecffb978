using System.Globalization;
using System.Text;
using CodeAgent.Api.Keys;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Hostile;

/// <summary>The table of <see cref="Tries"/>: each is refused, as its row says, and has changed nothing. The table is printed at the end.</summary>
public abstract class HostileTests(IApiFixture fixture, HostileTable table) : ApiTests(fixture)
{
    private readonly Dictionary<string, string> _known = [];

    public static TheoryData<string> Names => [.. Try.All.Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_try_is_refused(string name)
    {
        var one = Try.All.Single(other => other.Name == name);
        await PrepareAsync();
        var before = await BooksAsync();

        var request = _known.Aggregate(one.Request.Replace("\n", "\r\n", StringComparison.Ordinal), (text, known) => text.Replace($"{{{known.Key}}}", known.Value, StringComparison.Ordinal));
        var answer = await RawHttp.SendAsync(Server.Address, RawHttp.Bytes(request), Limit);

        Assert.NotNull(answer);
        var refusal = $"{answer.Status}{(answer.Problem is { } problem ? $" {problem}" : "")}";
        var (isRefused, isClean) = (one.Refusal.Contains(refusal), await BooksAsync() == before);
        table.Add(name, refusal, isRefused && isClean);
        Assert.True(isRefused, $"{refusal} instead of {string.Join(" or ", one.Refusal)}: {answer.Body}");
        Assert.True(isClean, "it was refused, and has changed something");
        Assert.DoesNotContain(one.Never, answer.Body + string.Join('\n', answer.Headers), StringComparison.Ordinal);
    }

    // A task that runs, one that is done, one whose lease was given back, and keys of all kinds.
    private async Task PrepareAsync()
    {
        var (task, other, done, lost) = (await LeaseAsync(), await LeaseAsync(), await LeaseAsync(), await LeaseAsync());
        foreach (var (lease, name) in ((Lease, string)[])[(task, "checkpoint-1"), (done, "log")])
        {
            using var stored = await With(lease).Http.PutAsync($"/v1/leases/{lease.TaskId}/artifacts/{name}", new StringContent("log"), Stop);
        }

        await With(done).CompleteAsync(done.TaskId);
        using var released = await With(lost).PostTextAsync($"/v1/leases/{lost.TaskId}/release", """{ "reason": "r" }""");
        foreach (var (name, lease) in new Dictionary<string, Lease> { ["task"] = task, ["other"] = other, ["done"] = done, ["lost"] = lost })
        {
            _known[name] = $"{lease.TaskId}";
            _known[name == "task" ? "token" : $"{name}-token"] = lease.Token;
        }

        _known["forged-task"] = other.Token.Replace($"{other.TaskId:N}", $"{task.TaskId:N}", StringComparison.Ordinal);
        _known["forged-fence"] = task.Token.Replace(".1.", ".2.", StringComparison.Ordinal);
        _known["forged-secret"] = Secret.NewToken(task.TaskId, task.Fence);
        _known["all"] = ApiServer.ApiKey;
        _known["worker"] = ApiServer.WorkerKey;
        _known["tenant"] = Secret.NewKey();
        await new KeyStore(Redis.Client).AddAsync(new("k1", "other", [Scopes.Read, Scopes.Submit], DateTimeOffset.UnixEpoch) { Tenant = "other" }, _known["tenant"]);
        foreach (var scope in (string[])[Scopes.Read, Scopes.Submit, Scopes.Admin])
        {
            using var answer = await Api.PostAsync("/v1/keys", new() { Name = scope, Scopes = [scope] }, KeysJson.Default.KeyRequest);
            _known[scope] = (await ApiClient.ReadAsync(answer, System.Net.HttpStatusCode.Created, KeysJson.Default.NewKeyView)).Key;
        }
    }

    private async Task<Lease> LeaseAsync()
    {
        await Api.SubmitAsync();
        return (await Worker.ClaimAsync())!;
    }

    // All that a request could have changed.
    private async Task<string> BooksAsync()
    {
        var (redis, books) = (Redis.Client.GetDatabase(), new StringBuilder());
        foreach (var name in (string[])["task", "other", "done", "lost"])
        {
            books.AppendLine((string)(await redis.HashGetAsync(RedisKeys.Task(Guid.Parse(_known[name])), "state"))!);
        }

        return books.Append(CultureInfo.InvariantCulture, $"{await redis.SortedSetLengthAsync("codeagent:tasks")} {await redis.HashLengthAsync("codeagent:keys")}").ToString();
    }
}

/// <summary>What came of the tries, printed when all are done.</summary>
public sealed class HostileTable : IAsyncDisposable
{
    private readonly SortedDictionary<string, string> _rows = new(StringComparer.Ordinal);

    /// <summary>Adds a row.</summary>
    public void Add(string name, string answer, bool isRefused)
    {
        lock (_rows)
        {
            _rows[name] = $"| {name} | {answer} | {(isRefused ? "refused" : "NOT REFUSED")} |";
        }
    }

    public async ValueTask DisposeAsync() =>
        await Console.Out.WriteLineAsync($"| try | answer | |\n|---|---|---|\n{string.Join('\n', _rows.Values)}\n{_rows.Count} tries, {_rows.Values.Count(row => !row.Contains("NOT", StringComparison.Ordinal))} refused");
}

public sealed class HostileOnGarnet(ApiOn<GarnetFixture> fixture, HostileTable table) : HostileTests(fixture, table), IClassFixture<ApiOn<GarnetFixture>>, IClassFixture<HostileTable>;

public sealed class HostileOnRedis(ApiOn<RedisServerFixture> fixture, HostileTable table) : HostileTests(fixture, table), IClassFixture<ApiOn<RedisServerFixture>>, IClassFixture<HostileTable>;
