using System.Globalization;
using System.Text;
using CliWrap;

namespace CodeAgent.Worker.Workspaces.Disk;

/// <summary>How much of the disk folders take.</summary>
internal static class FolderSize
{
    private const int Kilobyte = 1024;

    /// <summary>
    /// Bytes on the disk, by <c>du</c>: it knows files that are there under two names, and files with holes. Null where there is
    /// no such program. What goes while it counts is not counted.
    /// </summary>
    public static async Task<long?> MeasureAsync(IReadOnlyList<string> folders, CancellationToken cancellationToken)
    {
        var output = new StringBuilder();
        var there = folders.Where(Directory.Exists).ToList();
        if (there.Count == 0)
        {
            return 0;
        }

        try
        {
            await Cli.Wrap("du").WithArguments(["-sk", "--", .. there])
                .WithStandardOutputPipe(PipeTarget.ToStringBuilder(output)).WithValidation(CommandResultValidation.None).ExecuteAsync(cancellationToken);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }

        return output.ToString().Split('\n').Sum(line => long.TryParse(line.Split('\t')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size * Kilobyte : 0);
    }
}
