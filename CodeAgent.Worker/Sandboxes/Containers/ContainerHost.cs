using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Sandboxes.Limits;
using Docker.DotNet.Models;

namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>What a container gets of the machine.</summary>
internal static class ContainerHost
{
    private static readonly string[] OfTheMachine =
        ["PATH", "USER", "LOGNAME", "DOTNET_ROOT", "NUGET_PACKAGES", "SSL_", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

    /// <summary>Whether a variable tells of files of the machine, or of its network, so that it means nothing in a container.</summary>
    public static bool IsOfTheMachine(string variable) => OfTheMachine.Any(name => variable.StartsWith(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The lease's own folders, where they are outside as well, and what it has to read.</summary>
    public static IEnumerable<string> ForLease(SandboxOrder order) =>
    [
        $"{order.Folder.Temp}:/tmp", $"{order.Folder.Temp}:/var/tmp", $"{order.Folder.Temp}:{order.Folder.Temp}",
        .. order.ReadOnly.Where(Path.Exists).Select(path => $"{path}:{path}:ro"), $"{order.Folder.Home}:{order.Folder.Home}", $"{order.Folder.Tree}:{order.Folder.Tree}",
    ];

    /// <summary>The settings.</summary>
    public static HostConfig Of(SandboxOptions set, LimitSet limits, IEnumerable<string> binds, string network) => new()
    {
        Binds = [.. set.ReadOnly.Where(Path.Exists).Select(path => $"{path}:{path}:ro"), .. binds],
        NetworkMode = network,

        // Collects what ended, hands on signals, and takes everything else with it when the command is over.
        Init = true,
        ReadonlyRootfs = true,
        CapDrop = ["ALL"],
        SecurityOpt = ["no-new-privileges"],
        IpcMode = "private",
        Memory = limits.Memory ?? 0,
        MemorySwap = limits.Memory ?? 0,
        NanoCPUs = (long)((limits.Cpus ?? 0) * 1_000_000_000),
        PidsLimit = limits.Processes,
        Ulimits = limits.File is { } file ? [new() { Name = "fsize", Soft = file, Hard = file }] : [],
        LogConfig = new() { Type = "none" },
    };
}
