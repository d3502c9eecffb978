using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Turns;

/// <summary>
/// Remembers the answers to requests with an <c>Idempotency-Key</c>: a turn of an agent that was paid for is not paid for
/// again when the agent is started anew somewhere else.
/// </summary>
internal sealed class TurnStore(IConnectionMultiplexer redis, ConfigFile<GatewayConfig> file, TimeProvider time, ILogger<Turn> logger)
{
    public const string Header = "Idempotency-Key";
    private const int LongestKey = 255;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Begins a turn, or finds its answer.</summary>
    /// <returns>Null where the request has no key.</returns>
    /// <exception cref="ProblemException">409 while the same turn is being asked, 422 where the key was used for another request, 400 where it is no key.</exception>
    public async Task<Turn?> BeginAsync(HttpContext http, ModelRequest request, ModelRoute route)
    {
        var keys = http.Request.Headers[Header];
        if (keys.Count == 0)
        {
            return null;
        }

        var key = keys.ToString();
        if (key.Length is 0 or > LongestKey || key.Any(c => c is < ' ' or > '~'))
        {
            throw new ProblemException("invalid-idempotency-key", StatusCodes.Status400BadRequest,
                $"An {Header} has 1 to {LongestKey} characters, all of them ASCII.")
            { Field = Header };
        }

        var config = file.Current.Turns;
        var task = http.User.TaskToken()?.Task;
        var turn = new Turn(redis.GetDatabase(), time, logger)
        {
            Keys = task is { } id ? [TurnKeys.Turn(Caller(http.User), key), TurnKeys.OfTask(id)] : [TurnKeys.Turn(Caller(http.User), key)],
            Key = key,
            Payload = Payload(request),
            Info = new(route.First.UpstreamModel, route.First.ProviderName, time.GetUtcNow()),
            Keep = task is null ? config.Keep : config.KeepForTasks,
            MaxAnswerBytes = config.MaxAnswerBytes,
        };
        return await turn.BeginAsync() switch
        {
            "other" => throw new ProblemException("idempotency-key-reused", StatusCodes.Status422UnprocessableEntity,
                $"This {Header} was used for another request. A key stands for one request: its address, its headers and its body, byte for byte.")
            { Field = Header },
            "busy" => throw new ProblemException("idempotency-key-in-flight", StatusCodes.Status409Conflict,
                $"The request with this {Header} is being answered just now.")
            { Field = Header, RetryAfter = RetryAfter },
            _ => turn,
        };
    }

    /// <summary>What is noted of a task's turns, oldest first.</summary>
    public async Task<TurnList> ListAsync(Guid task)
    {
        var fields = (await redis.GetDatabase().HashGetAllAsync(TurnKeys.OfTask(task))).ToDictionary(field => (string)field.Name!, field => field.Value);
        var turns = fields.Keys.Where(field => field.StartsWith("asked:", StringComparison.Ordinal)).Select(field =>
        {
            var key = field["asked:".Length..];
            var info = fields.TryGetValue($"info:{key}", out var json) ? JsonSerializer.Deserialize((string)json!, TurnJson.Default.TurnInfo) : null;
            return new TurnView(key, Count(field), Count($"answered:{key}"), Count($"replayed:{key}"), info?.Model, info?.Provider, info?.Usage, info?.At);
        });
        return new(task, [.. turns.OrderBy(turn => turn.At).ThenBy(turn => turn.Key, StringComparer.Ordinal)]);

        long Count(string field) => fields.TryGetValue(field, out var count) ? long.Parse((string)count!, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>All of a request: what is asked is in its address and its headers too, with Google's clients even the model.</summary>
    private static string Payload(ModelRequest request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Protocol} {request.Operation} {request.IsStream} {request.Model.Length}:{request.Model}{request.Query.Value}\n"));
        foreach (var (name, value) in request.Headers)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}: {value}\n"));
        }

        hash.AppendData(request.Body.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // A task stays the same caller over all its attempts, though each has a token of its own.
    private static string Caller(ClaimsPrincipal user) => user.Name();
}
