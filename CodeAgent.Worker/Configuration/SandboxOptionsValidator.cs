using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Sandboxes.Network;

namespace CodeAgent.Worker.Configuration;

internal static class SandboxOptionsValidator
{
    private const long Megabyte = 1024 * 1024;

    public static void Validate(SandboxOptions options, ConfigProblems problems)
    {
        for (var i = 0; i < options.ReadOnly.Count; i++)
        {
            problems.Require(Path.IsPathFullyQualified(options.ReadOnly[i]) && Path.GetFullPath(options.ReadOnly[i]) != "/", $"sandbox.readOnly[{i}]", "an absolute path, and not the root itself");
        }

        for (var i = 0; i < options.Network.Allow.Count; i++)
        {
            problems.Require(AllowRule.TryParse(options.Network.Allow[i], out _), $"sandbox.network.allow[{i}]", "host, *.host, host:port, an address or a network such as 10.1.0.0/16; without scheme and path");
        }

        var limits = options.Limits;
        RequireSize(limits.Memory, 16 * Megabyte, "sandbox.limits.memory", "at least 16M, as in 512M or 4G");
        RequireSize(limits.Disk, 16 * Megabyte, "sandbox.limits.disk", "at least 16M, as in 512M or 4G");
        RequireSize(limits.File, Megabyte, "sandbox.limits.file", "at least 1M, as in 512M or 4G");
        problems.Require(limits.Cpus is null or (>= 0.1 and <= 1024), "sandbox.limits.cpus", "0.1 to 1024");
        problems.Require(limits.Processes is null or (>= 16 and <= 1_000_000), "sandbox.limits.processes", "16 to 1000000");
        problems.Require(options.Container.Image is null or { Length: >= 1 and <= 500 }, "sandbox.container.image", "the name of an image");

        void RequireSize(string? size, long least, string path, string reason) =>
            problems.Require(size is null || ByteSize.Parse(size) is { } bytes && bytes >= least, path, reason);
    }
}
