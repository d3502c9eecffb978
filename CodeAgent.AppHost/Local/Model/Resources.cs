namespace Aspire.Hosting.ApplicationModel;

// The part of Aspire's app model that AppHost.cs uses, under the names that Aspire gives it. What is not here does not
// compile, so the two cannot drift apart.

internal interface IResource
{
    string Name { get; }
}

internal interface IResourceWithEnvironment : IResource;

internal interface IResourceWithEndpoints : IResource;

internal interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

internal interface IResourceWithWaitSupport : IResource;

internal interface IResourceWithConnectionString : IResource
{
    string ConnectionString { get; }
}

internal interface IProjectMetadata
{
    /// <summary>Relative to the repository.</summary>
    string ProjectPath { get; }
}

internal interface IResourceBuilder<out T>
    where T : IResource
{
    T Resource { get; }
}

internal sealed record ResourceBuilder<T>(T Resource) : IResourceBuilder<T>
    where T : IResource;

internal sealed record ParameterResource(string Name, Func<string> Value) : IResource;

internal sealed record RedisResource(string Name, string ConnectionString) : IResourceWithConnectionString;
