namespace CodeAgent.Api.Artifacts;

/// <summary>Where artifacts are kept: the configuration section <c>Artifacts</c>.</summary>
internal sealed class ArtifactOptions
{
    public const string Section = "Artifacts";

    /// <summary>The store's folder, made where it is missing. <c>artifacts/store</c> under <c>CODEAGENT_HOME</c> (or the current directory) by default. Instances of the Api share it.</summary>
    public string Root { get; set; } = "";

    /// <summary>The longest artifact, in bytes. Above zero, 8 GiB by default.</summary>
    public long Longest { get; set; } = 8L * 1024 * 1024 * 1024;

    /// <summary>Files that nobody has written to for so long, and that belong to nothing, are left over: of a crash, or of an upload that nobody went on with. Above zero, one hour by default.</summary>
    public TimeSpan LeftoverAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Leftovers are looked for so often, and at each start. A second or more, 10 minutes by default.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(10);
}
