namespace CodeAgent.Worker.Configuration;

/// <summary>What programs of agents and checks are kept in: <c>sandbox</c> in <c>config/worker.yaml</c>.</summary>
internal sealed class SandboxOptions
{
    /// <summary>Which sandbox; the strongest that works here by default. Taken up at the next start.</summary>
    public SandboxMode Mode { get; set; } = SandboxMode.Auto;

    /// <summary>Folders and files outside of the system's that programs may read, such as a tool's own installation. Absolute paths; what is not there is left out.</summary>
    public List<string> ReadOnly { get; set; } = [];

    /// <summary>What programs reach.</summary>
    public SandboxNetworkOptions Network { get; set; } = new();

    /// <summary>What the programs of one task may use together.</summary>
    public SandboxLimitOptions Limits { get; set; } = new();

    /// <summary>What is only for containers.</summary>
    public SandboxContainerOptions Container { get; set; } = new();
}

/// <summary>The kinds of sandboxes, and the choice among them.</summary>
internal enum SandboxMode
{
    /// <summary>The strongest that works.</summary>
    Auto,

    /// <summary>None.</summary>
    None,

    /// <summary>Namespaces of the kernel's, by <c>bwrap</c>.</summary>
    Bubblewrap,

    /// <summary>A container, by Docker or Podman.</summary>
    Container,
}

/// <summary>What programs in a sandbox reach.</summary>
internal sealed class SandboxNetworkOptions
{
    /// <summary>A network of their own, or the worker's.</summary>
    public SandboxNetworkMode Mode { get; set; } = SandboxNetworkMode.Own;

    /// <summary>
    /// What a network of their own lets through, besides the gateway: <c>host</c>, <c>*.host</c> (all below it), <c>host:port</c>,
    /// addresses and networks (<c>10.1.0.0/16</c>). Ports 80 and 443 where none is said. A name that leads to a private address
    /// is refused unless that address is listed as well. Nothing by default.
    /// </summary>
    public List<string> Allow { get; set; } = [];
}

/// <summary>Whose network programs in a sandbox have.</summary>
internal enum SandboxNetworkMode
{
    /// <summary>Their own, with nothing in it but the gateway and what is allowed.</summary>
    Own,

    /// <summary>The worker's, with everything in it.</summary>
    Host,
}

/// <summary>What the programs of one task may use together. Sizes as in <c>512M</c> or <c>4G</c>. No limit where nothing is said, except where a default is named.</summary>
internal sealed class SandboxLimitOptions
{
    /// <summary>Memory. At least 16M.</summary>
    public string? Memory { get; set; }

    /// <summary>Processors' worth of time. 0.1 to 1024.</summary>
    public double? Cpus { get; set; }

    /// <summary>Processes and threads. 16 to 1,000,000; 4096 by default.</summary>
    public int? Processes { get; set; } = 4096;

    /// <summary>What workspace, home and temporary files may take on the disk. At least 16M. Looked at every few seconds.</summary>
    public string? Disk { get; set; }

    /// <summary>Largest file that can be written. At least 1M.</summary>
    public string? File { get; set; }
}

/// <summary>What is only for containers.</summary>
internal sealed class SandboxContainerOptions
{
    /// <summary>The socket of Docker or Podman. Where nothing is said: <c>DOCKER_HOST</c>, or the first of their usual ones that is there.</summary>
    public string? Socket { get; set; }

    /// <summary>The image of tasks that name none. Without one, containers are only for tasks that do.</summary>
    public string? Image { get; set; }

    /// <summary>A network of the daemon's in place of none at all. Then the list of what is allowed does not count.</summary>
    public string? Network { get; set; }
}
