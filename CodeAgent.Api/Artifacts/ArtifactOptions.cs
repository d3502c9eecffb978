namespace CodeAgent.Api.Artifacts;

/// <summary>Where artifacts are kept: the configuration section <c>Artifacts</c>.</summary>
internal sealed class ArtifactOptions
{
    public const string Section = "Artifacts";

    /// <summary>The store's folder, made where it is missing. <c>artifacts/store</c> under <c>CODEAGENT_HOME</c> (or the current directory) by default. Instances of the Api share it.</summary>
    public string Root { get; set; } = "";

    /// <summary>Temporary files that nobody has written to for so long are left over from a crash. Above zero, one hour by default.</summary>
    public TimeSpan LeftoverAge { get; set; } = TimeSpan.FromHours(1);
}
