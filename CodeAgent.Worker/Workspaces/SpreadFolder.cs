using System.ComponentModel;
using CliWrap;

namespace CodeAgent.Worker.Workspaces;

/// <summary>
/// Has ext4 give each workspace an area of the disk of its own (chattr(1), attribute T). Otherwise all are made in one area, where it
/// passes over each inode that was removed within the last minutes, one by one: a worker that makes and removes workspaces all the
/// time soon waits a second for a checkout that takes a twentieth of that. Measured in docs/benchmarks.md.
/// </summary>
internal sealed partial class SpreadFolder(WorkFolders folders, ILogger<SpreadFolder> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Directory.CreateDirectory(folders.Tasks);
        try
        {
            var result = await Cli.Wrap("chattr").WithArguments(["+T", folders.Tasks]).WithValidation(CommandResultValidation.None).ExecuteAsync(cancellationToken);
            if (result.ExitCode != 0)
            {
                LogNot($"chattr exited with {result.ExitCode}");
            }
        }
        catch (Win32Exception e)
        {
            LogNot(e.Message);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Other file systems have no such attribute, and most have no need of it.
    [LoggerMessage(LogLevel.Debug, "Workspaces are not spread over the disk: {Reason}")]
    private partial void LogNot(string reason);
}
