using System.Globalization;

namespace CodeAgent.ServiceDefaults.Telemetry;

/// <summary>
/// The files of a service's own log, in <c>logs</c> under <c>CODEAGENT_DATA</c>: <c>NAME-TIME-PID-N.log</c>. One that has grown to 10 MB
/// is followed by the next; of a service's files, those of all its processes together, the newest ten stay.
/// </summary>
/// <param name="folder">Where they are.</param>
/// <param name="service">Name of the service.</param>
/// <param name="time">The clock.</param>
internal sealed class LogFiles(string folder, string service, TimeProvider time)
{
    /// <summary>Kilobytes of a file, about.</summary>
    public const int LargestKilobytes = 10 * 1024;

    /// <summary>Files of a service that stay, the one that is written included.</summary>
    public const int Kept = 10;

    private readonly string _process = string.Create(CultureInfo.InvariantCulture, $"{service}-{time.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}-{Environment.ProcessId}");

    /// <summary>The files of this process; none where there is no folder for data.</summary>
    public static LogFiles? Of(IConfiguration configuration) => configuration["CODEAGENT_DATA"] is { Length: > 0 } data
        ? new(Path.Combine(data, "logs"), configuration["OTEL_SERVICE_NAME"] is { Length: > 0 } name ? name : AppDomain.CurrentDomain.FriendlyName, TimeProvider.System)
        : null;

    /// <summary>The path of the file with a number, from 0. Makes room for it.</summary>
    public string Next(int number)
    {
        try
        {
            // Names of a process sort by its start and then by their numbers, once these are as long as each other.
            foreach (var old in new DirectoryInfo(folder).EnumerateFiles($"{service}-*.log").Where(file => IsOurs(file.Name))
                .OrderByDescending(file => file.LastWriteTimeUtc).Skip(Kept - 1))
            {
                old.Delete();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no folder yet, or another process has made the room: the next file tries again.
        }

        return Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{_process}-{number:000}.log"));
    }

    // "worker" is not "worker-watcher": after the name comes the time.
    private bool IsOurs(string name) => name.Length > service.Length + 1 && char.IsAsciiDigit(name[service.Length + 1]);
}
