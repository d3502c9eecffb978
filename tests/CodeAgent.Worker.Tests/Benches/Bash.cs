using CliWrap;

namespace CodeAgent.Worker.Tests.Benches;

/// <summary>Scripts of the tests themselves.</summary>
internal static class Bash
{
    public static async Task RunAsync(string folder, string script) =>
        await Cli.Wrap("bash").WithArguments(["-e", "-c", script]).WithWorkingDirectory(folder).ExecuteAsync(TestContext.Current.CancellationToken);
}
