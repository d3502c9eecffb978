using CodeAgent.LlmGateway.Protocols;
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
    public ProviderKind? Kind { get; init; }

    /// <summary>The protocols that it speaks, where these are not the ones of its kind; the best first.</summary>
    public List<Protocol> Protocols { get; init; } = [];

    /// <summary>Address up to and with the version, for instance <c>/v1</c>.</summary>
    public string? BaseUrl { get; init; }

    /// <summary>Null where the provider needs none; empty where it needs one that is not there.</summary>
    public ConfigSecret? ApiKey { get; init; }

    /// <summary>Whether the provider is usable only while it answers a probe.</summary>
    public bool Detect { get; init; }

    public Http2Use Http2 { get; init; }

    /// <summary>100 ms to 2 min, 10 s by default.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Until the answer begins. 100 ms to 1 day, 10 min by default.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Between two pieces of an answer. 100 ms to 1 day, 5 min by default.</summary>
    public TimeSpan SilenceTimeout { get; init; } = TimeSpan.FromMinutes(5);
}

internal sealed class ModelConfig
{
    /// <summary>Stands for the first model that the provider lists.</summary>
    public const string FirstListed = "*";

    public string Provider { get; init; } = "";

    /// <summary>The model's name at the provider; the name it has here where it is left out.</summary>
    public string? Model { get; init; }

    public ModelPricing? Pricing { get; init; }
}

/// <summary>US dollars for a million tokens; 0 to 100,000 each.</summary>
internal sealed class ModelPricing
{
    public decimal InputPerMillion { get; init; }

    /// <summary>The same as <see cref="InputPerMillion"/> where it is left out.</summary>
    public decimal? CachedInputPerMillion { get; init; }

    public decimal OutputPerMillion { get; init; }
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
