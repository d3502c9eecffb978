using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Processes;

/// <summary>The environment of agents' and checks' commands: made from nothing, so that no secret of the worker gets in.</summary>
internal static class CommandEnvironment
{
    // What is ours, and what a test run around the worker tells its own tests.
    private static readonly string[] Never = ["CODEAGENT_", "OTEL_", "DOTNET_CLI_TEST_"];

    /// <summary>Fills in the whole environment.</summary>
    public static void Fill(IDictionary<string, string?> environment, IEnumerable<string> pass, TaskFolder folder, string? dependencyCaches)
    {
        environment.Clear();
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (pass.Any(pattern => Matches(pattern, name)) && !Never.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            {
                environment[name] = (string?)variable.Value;
            }
        }

        environment["HOME"] = folder.Home;
        environment["TMPDIR"] = folder.Temp;
        environment["TERM"] = "dumb";
        environment["CI"] = "1";
        environment.TryAdd("LANG", "C.UTF-8");

        if (!string.IsNullOrEmpty(dependencyCaches))
        {
            environment["NUGET_PACKAGES"] = Path.Combine(dependencyCaches, "nuget");
            environment["npm_config_cache"] = Path.Combine(dependencyCaches, "npm");
            environment["PIP_CACHE_DIR"] = Path.Combine(dependencyCaches, "pip");
        }

        // A home of its own would have every build fetch its packages anew; they are the same for all.
        var packages = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        if (Directory.Exists(packages))
        {
            environment.TryAdd("NUGET_PACKAGES", packages);
        }
    }

    private static bool Matches(string pattern, string name) => pattern.EndsWith('*')
        ? name.StartsWith(pattern[..^1], StringComparison.Ordinal)
        : name == pattern;
}
