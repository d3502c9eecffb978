using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Agents.Builtin.Mcp;

namespace CodeAgent.Worker.Configuration;

internal static class WorkerOptionsValidator
{
    private const double MostGiB = 10_000;
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
        problems.Require(options.Committer.Signing is not { } signing || Path.IsPathRooted(signing.Key), "committer.signing.key", "the absolute path of a private key without a passphrase");
        Require(options.Approvals.Allow, "approvals.allow", problems);
        Require(options.Approvals.Ask, "approvals.ask", problems);
        Require(options.Approvals.Deny, "approvals.deny", problems);
        problems.Require(options.PassEnvironment.All(name => name.Trim('*').Length > 0), "passEnvironment", "names of variables; a star only at the end of one");
        CredentialOptionsValidator.Validate(options, problems);
        McpOptionsValidator.Validate(options.Mcp, problems);
        SandboxOptionsValidator.Validate(options.Sandbox, problems);
        Validate(options.Disk, problems);
        foreach (var (name, agent) in options.Agents ?? [])
        {
            problems.Require(CliOptions.Names.Contains(name), $"agents.{name}", $"one of {string.Join(", ", CliOptions.Names)}");
            CliOptions.Validate(agent, $"agents.{name}", problems);
        }
    }

    private static void Validate(DiskOptions disk, ConfigProblems problems)
    {
        problems.Require(disk.WorkspaceLimitGiB is >= 0.01 and <= MostGiB, "disk.workspaceLimitGiB", "0.01 to 10000 GiB");
        problems.Require(disk.LeastFreeGiB is >= 0 and <= MostGiB, "disk.leastFreeGiB", "0 to 10000 GiB");
        problems.Require(disk.CacheFreeGiB is >= 0 and <= MostGiB, "disk.cacheFreeGiB", "0 to 10000 GiB");
        problems.Require(disk.CacheAge >= TimeSpan.FromHours(1) && disk.CacheAge <= TimeSpan.FromDays(3650), "disk.cacheAge", "1h to 3650d");
        problems.Require(string.IsNullOrEmpty(disk.DependencyCaches) || Path.IsPathRooted(disk.DependencyCaches), "disk.dependencyCaches", "the absolute path of a folder");
    }

    private static void Require(List<string> rules, string path, ConfigProblems problems)
    {
        problems.Require(rules.Count <= ApprovalRule.Most, path, $"at most {ApprovalRule.Most} rules");
        for (var i = 0; i < rules.Count; i++)
        {
            problems.Require(ApprovalRule.TryParse(rules[i]) is not null, $"{path}[{i}]", ApprovalRule.Form);
        }
    }

    private static bool IsName(string? text) => text is { Length: >= 1 and <= 100 } && !string.IsNullOrWhiteSpace(text)
        && !text.Any(c => c is '<' or '>' || char.IsControl(c));
}
