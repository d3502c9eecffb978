using System.Text.Json.Serialization;
using CodeAgent.Api.Pipelines;
using CodeAgent.Api.Queue;
using CodeAgent.Api.Repositories;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.Tasks;

internal static class TaskExtensions
{
    /// <summary>Adds the tasks, and the JSON that all endpoints share.</summary>
    /// <exception cref="ConfigFileException">config/api.yaml or config/pipelines.yaml is not valid.</exception>
    public static async Task<WebApplicationBuilder> AddTasksAsync(this WebApplicationBuilder builder)
    {
        var config = await builder.AddConfigFileAsync<ApiConfig>("api.yaml", ApiConfig.Validate);
        builder.Services.AddSingleton(new RepositoryRules(config, builder.Configuration["CODEAGENT_HOME"] ?? Directory.GetCurrentDirectory()));
        builder.Services.AddSingleton(new PipelineCatalog(await builder.AddConfigFileAsync<PipelineFile>("pipelines.yaml", PipelineValidator.Validate)));
        builder.Services.AddSingleton<TaskStore>();
        builder.Services.AddSingleton<TaskList>();
        builder.Services.AddSingleton<TaskQueue>();
        builder.Services.AddMemoryCache();
        builder.Services.AddSingleton<QueueEstimate>();
        builder.Services.AddSingleton<SetAside>();
        builder.Services.AddHostedService<OldQueue>();
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            // The same rules as ContractsJson has for itself.
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default);
        });
        return builder;
    }
}
