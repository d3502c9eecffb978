using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>
/// Takes the files of a CLI's session from one home to another, with a checkpoint. They are logs that grow at their end, and the
/// CLI may be writing: a line without its end is left behind. They name the workspace, whose path differs in the next attempt.
/// </summary>
internal static class SessionFiles
{
    private const int LargestPacked = 2 * 1024 * 1024;
    private const int LargestPlain = 32 * 1024 * 1024;
    private const int MostFiles = 500;

    /// <summary>Packs the folder.</summary>
    /// <returns>None where there is nothing in it, or too much.</returns>
    public static async Task<byte[]?> PackAsync(string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        var files = new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.LinkTarget is null).Take(MostFiles + 1).ToList();
        if (files.Count is 0 or > MostFiles || files.Sum(file => file.Length) > LargestPlain)
        {
            return null;
        }

        var contents = new Dictionary<string, byte[]>();
        foreach (var file in files)
        {
            contents[Path.GetRelativePath(folder, file.FullName)] = await ReadAsync(file.FullName, cancellationToken);
        }

        using var packed = new MemoryStream();
        await using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await JsonSerializer.SerializeAsync(zip, contents, CliJson.Default.DictionaryStringByteArray, cancellationToken);
        }

        return packed.Length > LargestPacked ? null : packed.ToArray();
    }

    /// <summary>Unpacks into a folder, and puts the new workspace's path in the place of the old one's.</summary>
    /// <exception cref="InvalidDataException">It is nothing that was packed here.</exception>
    public static async Task UnpackAsync(byte[] packed, string folder, string oldWorkspace, string newWorkspace, CancellationToken cancellationToken)
    {
        Dictionary<string, byte[]> contents;
        try
        {
            await using var zip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
            contents = await JsonSerializer.DeserializeAsync(zip, CliJson.Default.DictionaryStringByteArray, cancellationToken) ?? [];
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(e.Message, e);
        }

        foreach (var (name, content) in contents)
        {
            var path = Path.GetFullPath(Path.Combine(folder, name));
            if (!path.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                throw new InvalidDataException($"A session's file is outside of its folder: {name}");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, Moved(content, oldWorkspace, newWorkspace), cancellationToken);
        }
    }

    private static async Task<byte[]> ReadAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 64 * 1024, FileOptions.Asynchronous);
        using var memory = new MemoryStream();
        await stream.CopyToAsync(memory, cancellationToken);
        var bytes = memory.ToArray();
        return file.EndsWith(".jsonl", StringComparison.Ordinal) ? bytes[..(Array.LastIndexOf(bytes, (byte)'\n') + 1)] : bytes;
    }

    private static byte[] Moved(byte[] content, string oldWorkspace, string newWorkspace) =>
        oldWorkspace == newWorkspace || !System.Text.Unicode.Utf8.IsValid(content) ? content
        : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(content).Replace(oldWorkspace, newWorkspace, StringComparison.Ordinal));
}
