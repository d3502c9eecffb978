namespace CodeAgent.LlmGateway.Configuration;

/// <summary>A model: one deployment of it (<see cref="Provider"/> and <see cref="Model"/>), or several (<see cref="Deployments"/>).</summary>
internal sealed class ModelConfig
{
    /// <summary>Stands for the first model that the provider lists.</summary>
    public const string FirstListed = "*";

    public string Provider { get; init; } = "";

    /// <summary>The model's name at the provider; the name it has here where it is left out.</summary>
    public string? Model { get; init; }

    public ModelPricing? Pricing { get; init; }

    /// <summary>Tokens that the model takes at once, what it answers included. 1,000 to 100,000,000; nobody is told where it is left out.</summary>
    public int? ContextWindow { get; init; }

    /// <summary>The long form, in place of <see cref="Provider"/> and <see cref="Model"/>.</summary>
    public List<DeploymentConfig> Deployments { get; init; } = [];

    /// <summary>Models that are asked when none of this one's deployments answers, in this order.</summary>
    public List<string> Fallback { get; init; } = [];

    public Affinity? Affinity { get; init; }

    public HedgeConfig? Hedge { get; init; }

    public BestOfConfig? BestOf { get; init; }

    /// <summary>The deployments in either form.</summary>
    public IReadOnlyList<DeploymentConfig> All => field ??= Deployments.Count > 0 ? Deployments : [new() { Provider = Provider, Model = Model, Pricing = Pricing }];
}

/// <summary>What keeps the requests of a conversation at one of several deployments that are as good as each other.</summary>
internal enum Affinity
{
    /// <summary>The task, what the caller names (prompt_cache_key, a session header, metadata.user_id), or else the first message.</summary>
    Auto,

    /// <summary>The task or what the caller names; other requests go where it is fastest.</summary>
    Session,

    /// <summary>Nothing: each request goes where it is fastest, and pays for what another deployment has in its cache.</summary>
    Off,
}

/// <summary>The roles of deployments: names for the tiers 0, 0, 1 and 2.</summary>
internal enum DeploymentRole
{
    Primary,

    /// <summary>As good as the primary: they share the load.</summary>
    Duplicate,

    /// <summary>Asked while all primaries and duplicates are failing.</summary>
    Reserve,

    /// <summary>Asked when the reserves fail too.</summary>
    Fallback,
}

internal sealed class DeploymentConfig
{
    public string Provider { get; init; } = "";

    /// <summary>The model's name at the provider; the name it has here where it is left out.</summary>
    public string? Model { get; init; }

    /// <summary>Part of the load within its tier, beside the others' weights. 1 to 1000, 1 by default.</summary>
    public int? Weight { get; init; }

    /// <summary>0 to 9, 0 by default: a tier is asked only while all above it are failing.</summary>
    public int? Tier { get; init; }

    /// <summary>In place of <see cref="Tier"/>.</summary>
    public DeploymentRole? Role { get; init; }

    /// <summary>The model's where it is left out.</summary>
    public ModelPricing? Pricing { get; init; }

    /// <summary>The model's where it is left out.</summary>
    public int? ContextWindow { get; init; }

    public int EffectiveTier => Tier ?? Role switch
    {
        DeploymentRole.Reserve => 1,
        DeploymentRole.Fallback => 2,
        _ => 0,
    };
}

/// <summary>A second deployment is asked when the first takes longer than most requests do. Costs what it costs: both are booked.</summary>
internal sealed class HedgeConfig
{
    /// <summary>The part of the requests that is not hedged, in percent. 50 to 99.9, 95 by default.</summary>
    public double Percentile { get; init; } = 95;

    /// <summary>Never sooner than this. 10 ms to 10 min, 500 ms by default.</summary>
    public TimeSpan AtLeast { get; init; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>Several answers are asked for, and a judge chooses. All of them are booked.</summary>
internal sealed class BestOfConfig
{
    /// <summary>2 to 4, 2 by default.</summary>
    public int Count { get; init; } = 2;

    /// <summary>The model that chooses.</summary>
    public string Judge { get; init; } = "";
}
