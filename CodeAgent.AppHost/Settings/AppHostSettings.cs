namespace CodeAgent.AppHost.Settings;

/// <summary>What can be set, by configuration or on the command line: <c>--Ports:Api 3500 --redis embedded</c>.</summary>
internal sealed class AppHostSettings
{
    /// <summary>The repository: <c>CODEAGENT_HOME</c>, or the folder above this program that has the solution.</summary>
    public required string Home { get; init; }

    /// <summary>Everything that a run makes: <c>Data:Directory</c>, or <c>artifacts</c> under <see cref="Home"/>. One AppHost at a time uses it.</summary>
    public required DataDirectory Data { get; init; }

    /// <summary><c>Ports:Api</c> and so on.</summary>
    public required Ports Ports { get; init; }

    /// <summary><c>Redis</c>: <c>container</c>, <c>embedded</c> or a connection string. Without it a container where containers can be run.</summary>
    public required RedisChoice Redis { get; init; }

    /// <summary><c>Dashboard:Enabled</c>, or <c>--dashboard false</c>. True by default.</summary>
    public required bool Dashboard { get; init; }

    /// <summary><c>Workers</c>: how many, 1 to 64; 2 by default.</summary>
    public required int Workers { get; init; }

    /// <summary>What the services are told to be: <c>DOTNET_ENVIRONMENT</c>, <c>Development</c> by default.</summary>
    public required string Environment { get; init; }

    public required DevelopmentKeys Keys { get; init; }

    /// <summary>Whether files for a deployment are written, and nothing of this machine belongs in them.</summary>
    public required bool Publishing { get; init; }

    /// <summary>The variables that <c>config/gateway.yaml</c> takes from the environment: for the gateway alone.</summary>
    public required IReadOnlySet<string> ProviderVariables { get; init; }

    /// <summary>The variables that <c>config/api.yaml</c> takes from the environment: for the Api alone.</summary>
    public required IReadOnlySet<string> ApiVariables { get; init; }

    public string ApiUrl => Url(Ports.Api);

    public string GatewayUrl => Url(Ports.Gateway);

    public string DashboardUrl => Url(Ports.Dashboard);

    public string OtlpUrl => Url(Ports.Otlp);

    private static string Url(int port) => $"http://127.0.0.1:{port}";
}

/// <summary>Something that the settings ask for cannot be; the message says what, and what would help.</summary>
internal sealed class SettingsException(string message) : Exception(message);
