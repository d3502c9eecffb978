using CodeAgent.AppHost.Redis;

namespace CodeAgent.AppHost.Settings;

/// <summary>Which Redis.</summary>
internal enum RedisKind
{
    /// <summary>In a container, with a volume.</summary>
    Container,

    /// <summary>A Garnet in this process.</summary>
    Embedded,

    /// <summary>One that runs already.</summary>
    Existing,
}

/// <param name="Kind">Which.</param>
/// <param name="ConnectionString">Where the existing one is.</param>
internal sealed record RedisChoice(RedisKind Kind, string? ConnectionString = null)
{
    public static RedisChoice Container { get; } = new(RedisKind.Container);

    public static RedisChoice Embedded { get; } = new(RedisKind.Embedded);

    private static bool CanRunContainers =>
#if ASPIRE
        true;
#else
        false;
#endif

    /// <exception cref="SettingsException">A container is asked for where none can be run.</exception>
    public static async Task<RedisChoice> ReadAsync(string? text) => text switch
    {
        "embedded" => Embedded,
        "container" when !CanRunContainers => throw new SettingsException(
            "--redis container needs the Aspire packages, which this build is without. Use --redis embedded, or start a Redis and give its connection string: --redis 127.0.0.1:6379."),
        "container" => await ContainerRuntime.AnswersAsync() ? Container : throw new SettingsException(
            "--redis container: neither 'docker info' nor 'podman info' answers. Start one of them, or use --redis embedded."),
        // A container that nobody can run is never an error by itself: whatever waits for it waits for ever. So ask first.
        null => CanRunContainers && await ContainerRuntime.AnswersAsync() ? Container : Embedded,
        _ => new RedisChoice(RedisKind.Existing, text),
    };
}
