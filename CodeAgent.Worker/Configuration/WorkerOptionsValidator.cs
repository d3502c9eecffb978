using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Worker.Configuration;

internal static class WorkerOptionsValidator
{
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MostPatience = TimeSpan.FromHours(1);

    public static void Validate(WorkerOptions options, ConfigProblems problems)
    {
        problems.Require(options.Capacity is >= 1 and <= 64, "capacity", "1 to 64 tasks");
        problems.Require(options.LeasePatience >= LeastPatience && options.LeasePatience <= MostPatience, "leasePatience", "10s to 1h");
        problems.Require(!string.IsNullOrWhiteSpace(options.WorkFolder), "workFolder", "a folder, absolute or below CODEAGENT_HOME");

        // What git itself does not take in a name or an address.
        problems.Require(IsName(options.Committer.Name), "committer.name", "1 to 100 characters, without < and >");
        problems.Require(IsName(options.Committer.Email), "committer.email", "1 to 100 characters, without < and >");
        problems.Require(options.PassEnvironment.All(name => name.Trim('*').Length > 0), "passEnvironment", "names of variables; a star only at the end of one");
        foreach (var (name, agent) in options.Agents ?? [])
        {
            problems.Require(CliOptions.Names.Contains(name), $"agents.{name}", $"one of {string.Join(", ", CliOptions.Names)}");
            CliOptions.Validate(agent, $"agents.{name}", problems);
        }
    }

    private static bool IsName(string? text) => text is { Length: >= 1 and <= 100 } && !string.IsNullOrWhiteSpace(text)
        && !text.Any(c => c is '<' or '>' || char.IsControl(c));
}
