using CodeAgent.Api.Artifacts.Uploads;

namespace CodeAgent.Api.Artifacts;

internal static class ArtifactExtensions
{
    /// <summary>Adds the <see cref="ArtifactStore"/> and what cleans up in it.</summary>
    public static WebApplicationBuilder AddArtifacts(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<ArtifactOptions>()
            .BindConfiguration(ArtifactOptions.Section)
            .PostConfigure(options => options.Root = options.Root is { Length: > 0 } root ? root
                : Path.Combine(builder.Configuration["CODEAGENT_HOME"] ?? Directory.GetCurrentDirectory(), "artifacts", "store"))
            .Validate(options => options.LeftoverAge > TimeSpan.Zero, "Artifacts:LeftoverAge must be above zero.")
            .Validate(options => options.Longest > 0, "Artifacts:Longest must be above zero.")
            .Validate(options => options.SweepInterval >= TimeSpan.FromSeconds(1), "Artifacts:SweepInterval must be a second or more.")
            .ValidateOnStart();
        builder.Services.AddSingleton<ArtifactStore>();
        builder.Services.AddSingleton<UploadStore>();
        builder.Services.AddSingleton<Leftovers>();
        builder.Services.AddHostedService<LeftoverCleaner>();
        return builder;
    }
}
