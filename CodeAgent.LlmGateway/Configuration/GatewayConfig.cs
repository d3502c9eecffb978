using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.LlmGateway.Configuration;

/// <summary>What is in <c>config/gateway.yaml</c>. Without the file there is the simulator alone.</summary>
internal sealed class GatewayConfig
{
    public const string FileName = "gateway.yaml";

    public Dictionary<string, ProviderConfig> Providers { get; init; } = new() { ["simulator"] = new() { Kind = ProviderKind.Simulator } };

    public Dictionary<string, ModelConfig> Models { get; init; } = new() { ["simulator"] = new() { Provider = "simulator" } };

    /// <summary>What the model <c>default</c> is: the first of these that is usable.</summary>
    public List<string> Default { get; init; } = ["simulator"];

    /// <summary>Longest request body that is read, in bytes. 1 KiB to 1 GiB, 64 MiB by default.</summary>
    public int MaxRequestBytes { get; init; } = 64 * 1024 * 1024;

    public TurnsConfig Turns { get; init; } = new();

    public CacheConfig Cache { get; init; } = new();

    public LimitsConfig Limits { get; init; } = new();

    public UsageConfig Usage { get; init; } = new();

    public RetriesConfig Retries { get; init; } = new();

    /// <summary>How long a stream may be silent before a comment shows that it lives. 0 (never), or 100 ms to 10 min; 15 s by default.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(15);
}

internal enum ProviderKind
{
    /// <summary>Anything that speaks one of OpenAI's protocols.</summary>
    OpenAi,
    Anthropic,
    Gemini,
    Azure,
    OpenRouter,
    Ollama,
    Vllm,
    Simulator,
}

internal enum Http2Use
{
    Auto,
    PriorKnowledge,
}

internal sealed class ProviderConfig
{
    private ProviderSecrets? _secrets;
    private string? _host;

    public ProviderKind? Kind { get; init; }

    /// <summary>The protocols that it speaks, where these are not the ones of its kind; the best first.</summary>
    public List<Protocol> Protocols { get; init; } = [];

    /// <summary>Address up to and with the version, for instance <c>/v1</c>.</summary>
    public string? BaseUrl { get; init; }

    /// <summary>Null where the provider needs none; empty where it needs one that is not there.</summary>
    public ConfigSecret? ApiKey { get; init; }

    /// <summary>Headers that every request to it has besides, by name. A value may refer to the environment, and is not shown anywhere.</summary>
    public Dictionary<string, ConfigText> Headers { get; init; } = [];

    /// <summary>What every request's address has after the question mark, such as Azure's <c>api-version</c>.</summary>
    public Dictionary<string, ConfigText> Query { get; init; } = [];

    /// <summary>
    /// Most tokens that an answer may have where the caller sets no limit and the provider must be told one (Anthropic's protocol
    /// alone). 1 to 1,000,000; 32,000 by default, more where a model is to think with more.
    /// </summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Whether streams of chat completions are asked what they used. True by default; some servers refuse <c>stream_options</c>.</summary>
    public bool StreamUsage { get; init; } = true;

    /// <summary>Whether the provider is usable only while it answers a probe.</summary>
    public bool Detect { get; init; }

    public Http2Use Http2 { get; init; }

    /// <summary>100 ms to 2 min, 10 s by default.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Until the first text, reasoning or tool call of a stream. 100 ms to 1 day, 10 min by default.</summary>
    public TimeSpan FirstTokenTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Until an answer that is no stream is there as a whole. 100 ms to 1 day, 10 min by default.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Between two pieces of an answer. 100 ms to 1 day, 5 min by default.</summary>
    public TimeSpan SilenceTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often one request is sent again to a deployment that has failed it. 0 to 10, 2 by default.</summary>
    public int MaxRetries { get; init; } = 2;

    public BreakerConfig Breaker { get; init; } = new();

    /// <summary>PEM file of the certificates that the provider's own may come from, in place of the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>What of all this nobody may be told.</summary>
    public ProviderSecrets Secrets() => _secrets ??= ProviderSecrets.Of(this);

    /// <summary>The name of its machine; null where it has no address.</summary>
    public string? Host() => _host ??= BaseUrl is null ? null : new Uri(BaseUrl).Host;
}

/// <summary>When a deployment is left alone for a while.</summary>
internal sealed record BreakerConfig
{
    /// <summary>Failures one after another. 1 to 1000, 5 by default.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>Part of the requests within <see cref="Window"/> that fail. Above 0, up to 1; 0.5 by default.</summary>
    public double Ratio { get; init; } = 0.5;

    /// <summary>Fewer requests within <see cref="Window"/> say nothing of a ratio. 2 to 100,000, 20 by default.</summary>
    public int AtLeast { get; init; } = 20;

    /// <summary>1 s to 10 min, 30 s by default.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it is left alone where it does not say itself. 500 ms to 1 h, 15 s by default.</summary>
    public TimeSpan Cooldown { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>Retries, of all models together.</summary>
internal sealed class RetriesConfig
{
    /// <summary>Up to this long a provider's own hint (Retry-After) is waited for; a longer one sends the request elsewhere. 0 to 1 min, 2 s by default.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>After this no new attempt is made. 1 s to 1 h, 1 min by default.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Retries for each request that a provider is sent, over the last ten seconds: beyond it, failures go to the caller. 0 to 1, 0.2 by default.</summary>
    public double Budget { get; init; } = 0.2;

    /// <summary>Retries a second that are always allowed, so that a quiet provider has some too. 0 to 1000, 5 by default.</summary>
    public int Floor { get; init; } = 5;
}

internal sealed class TurnsConfig
{
    /// <summary>Longest answer that is kept, in bytes. 0 to 256 MiB, 8 MiB by default.</summary>
    public int MaxAnswerBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>How long an answer to an API key is kept. 1 min to 90 days, 24 h by default.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long an answer to a task token is kept. 1 min to 90 days, 7 days by default.</summary>
    public TimeSpan KeepForTasks { get; init; } = TimeSpan.FromDays(7);
}

/// <summary>Answers that are given again to the same request; only to requests and keys that ask for that.</summary>
internal sealed class CacheConfig
{
    /// <summary>How long an answer is given again. 1 s to 30 days, 1 h by default.</summary>
    public TimeSpan Ttl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Longest answer that is kept, in bytes. 0 (nothing is kept) to 64 MiB, 2 MiB by default.</summary>
    public int MaxAnswerBytes { get; init; } = 2 * 1024 * 1024;
}
