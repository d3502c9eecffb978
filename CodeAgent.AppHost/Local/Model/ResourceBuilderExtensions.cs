using CodeAgent.AppHost.Settings;

namespace Aspire.Hosting;

internal static class ResourceBuilderExtensions
{
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name, string? launchProfileName)
        where TProject : IProjectMetadata, new()
    {
        if (launchProfileName is not null)
        {
            throw new NotSupportedException("Launch profiles are Aspire's: services get all they need from AppHost.cs.");
        }

        return builder.AddResource(new ProjectResource(name, new TProject()));
    }

    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, Func<string> valueGetter, bool secret)
    {
        _ = secret;
        return builder.AddResource(new ParameterResource(name, valueGetter));
    }

    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas)
    {
        builder.Resource.Replicas = replicas;
        return builder;
    }

    public static IResourceBuilder<ProjectResource> WithHttpEndpoint(this IResourceBuilder<ProjectResource> builder, int? port = null)
    {
        builder.Resource.Port = port ?? (builder.Resource.Replicas == 1 ? Ports.Free() : null);
        return builder;
    }

    /// <summary>Says something about deployments only: on this machine, nothing is reached from elsewhere.</summary>
    public static IResourceBuilder<ProjectResource> WithExternalHttpEndpoints(this IResourceBuilder<ProjectResource> builder) => builder;

    public static IResourceBuilder<ProjectResource> WithHttpHealthCheck(this IResourceBuilder<ProjectResource> builder, string path)
    {
        builder.Resource.HealthPath = path;
        return builder;
    }

    public static IResourceBuilder<ProjectResource> WithEnvironment(this IResourceBuilder<ProjectResource> builder, string name, string value)
    {
        builder.Resource.Environment[name] = () => value;
        return builder;
    }

    public static IResourceBuilder<ProjectResource> WithEnvironment(this IResourceBuilder<ProjectResource> builder, string name, IResourceBuilder<ParameterResource> parameter)
    {
        builder.Resource.Environment[name] = parameter.Resource.Value;
        return builder;
    }

    public static IResourceBuilder<ProjectResource> WithReference(this IResourceBuilder<ProjectResource> builder, IResourceBuilder<IResourceWithConnectionString> source)
    {
        builder.Resource.Environment[$"ConnectionStrings__{source.Resource.Name}"] = () => source.Resource.ConnectionString;
        return builder;
    }

    public static IResourceBuilder<ProjectResource> WithReference(this IResourceBuilder<ProjectResource> builder, IResourceBuilder<ProjectResource> source)
    {
        builder.Resource.Environment[$"services__{source.Resource.Name}__http__0"] = () => source.Resource.Url;
        return builder;
    }

    public static IResourceBuilder<ProjectResource> WaitFor(this IResourceBuilder<ProjectResource> builder, IResourceBuilder<IResource> dependency)
    {
        // The embedded Redis is up before the first process starts, and one that runs already is not ours to watch.
        if (dependency.Resource is ProjectResource project)
        {
            builder.Resource.WaitsFor.Add(project);
        }

        return builder;
    }
}
