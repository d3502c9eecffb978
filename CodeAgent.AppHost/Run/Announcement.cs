using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost.Run;

/// <summary>What a person wants to know once the system is ready.</summary>
internal static class Announcement
{
    public static string For(AppHostSettings settings, IRunningSystem system, string model) => $"""

        CodeAgent is ready ({system.Kind}).

          Sign in    {settings.ApiUrl}/#key={settings.Keys.Api}
          Api        {settings.ApiUrl}    (try it: {settings.ApiUrl}/scalar)
          Gateway    {settings.GatewayUrl}
          Dashboard  {system.Dashboard ?? "off"}
          Model      {model}
          Redis      {Redis(settings)}
          Logs       {system.Logs}

          A first task:
            curl {settings.ApiUrl}/v1/tasks -H "Authorization: Bearer {Key(settings)}" -H "Content-Type: application/json" -d '{Task}'

        Ctrl+C stops all of it.


        """;

    // A shell script for the command agent: needs no model and no key.
    private const string Task = """{"prompt":"echo hello > hello.txt","agent":{"name":"command"}}""";

    /// <summary>As a person would type the path: from where the program was started, when it is below.</summary>
    public static string Short(string path)
    {
        var relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }

    private static string Key(AppHostSettings settings) => settings.Keys.ApiFile is { } file ? $"$(cat {Short(file)})" : "$CODEAGENT_API_KEY";

    private static string Redis(AppHostSettings settings) => settings.Redis.Kind switch
    {
        RedisKind.Embedded => $"embedded, 127.0.0.1:{settings.Ports.Redis}, kept in {Short(settings.Data.Redis)}",
        RedisKind.Container => "container, with a volume",
        _ => "the one given",
    };
}
