namespace Aspire.Hosting.ApplicationModel;

/// <summary>A service of ours: one process for each replica.</summary>
internal sealed class ProjectResource(string name, IProjectMetadata project)
    : IResourceWithEnvironment, IResourceWithServiceDiscovery, IResourceWithWaitSupport
{
    public string Name => name;

    /// <summary>Name of its assembly, and of its folder in the build's output.</summary>
    public string Assembly => Path.GetFileNameWithoutExtension(project.ProjectPath);

    public int Replicas { get; set; } = 1;

    /// <summary>Where it listens; null for a port of its own for each replica.</summary>
    public int? Port { get; set; }

    /// <summary>Answers 200 when the service is ready.</summary>
    public string HealthPath { get; set; } = "/health";

    /// <summary>Set when it is started, so that what they refer to is known by then.</summary>
    public Dictionary<string, Func<string>> Environment { get; } = [];

    /// <summary>Started when all of these are healthy, and stopped before them.</summary>
    public List<ProjectResource> WaitsFor { get; } = [];

    public string Url => Port is { } port
        ? $"http://127.0.0.1:{port}"
        : throw new InvalidOperationException($"{name} has a port for each replica, so there is no one address to refer to.");
}
