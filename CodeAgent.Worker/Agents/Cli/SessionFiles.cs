using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

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

    private const int MostEntries = 5_000;
    private const int Deepest = 20;

    /// <summary>Packs a folder. Of what the agent has put there, links, pipes and what cannot be read are left behind.</summary>
    /// <param name="home">The agent's home.</param>
    /// <param name="folder">The folder, from the home.</param>
    /// <param name="hide">Takes secrets out.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>None where there is nothing in it, or too much.</returns>
    public static async Task<byte[]?> PackAsync(string home, string folder, Func<byte[], byte[]> hide, CancellationToken cancellationToken)
    {
        using var root = HomeFiles.OpenFolder(home, folder);
        var contents = new Dictionary<string, byte[]>();
        var reading = new Reading(contents, hide);
        if (root is null || !await reading.AddAsync(root, "", Deepest, cancellationToken) || contents.Count == 0)
        {
            return null;
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
    /// <exception cref="HomeException">What is in the home is in the way.</exception>
    public static async Task UnpackAsync(byte[] packed, string home, string folder, string oldWorkspace, string newWorkspace, CancellationToken cancellationToken)
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
            if (name.Split('/').Any(part => part is "" or "." or ".."))
            {
                throw new InvalidDataException($"A session's file is outside of its folder: {name}");
            }

            await HomeFiles.WriteAsync(home, $"{folder}/{name}", Moved(content, oldWorkspace, newWorkspace), cancellationToken);
        }
    }

    private static byte[] Moved(byte[] content, string oldWorkspace, string newWorkspace) =>
        oldWorkspace == newWorkspace || !System.Text.Unicode.Utf8.IsValid(content) ? content
        : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(content).Replace(oldWorkspace, newWorkspace, StringComparison.Ordinal));

    private sealed class Reading(Dictionary<string, byte[]> contents, Func<byte[], byte[]> hide)
    {
        private int _entries;
        private long _left = LargestPlain;

        /// <summary>Reads a folder, and those in it.</summary>
        /// <returns>Whether it was not too much.</returns>
        public async Task<bool> AddAsync(SafeFileHandle folder, string path, int depth, CancellationToken cancellationToken)
        {
            foreach (var name in HomeFiles.NamesIn(folder))
            {
                if (++_entries > MostEntries || depth == 0)
                {
                    return false;
                }

                using var inner = HomeFiles.OpenFolder(folder, name);
                if (inner is not null)
                {
                    if (!await AddAsync(inner, path + name + "/", depth - 1, cancellationToken))
                    {
                        return false;
                    }

                    continue;
                }

                using var file = HomeFiles.OpenFile(folder, name);
                if (file is not null && (contents.Count == MostFiles || !await AddFileAsync(file, path + name, cancellationToken)))
                {
                    return false;
                }
            }

            return true;
        }

        // Not further than it was long at first: it may be growing.
        private async Task<bool> AddFileAsync(SafeFileHandle file, string path, CancellationToken cancellationToken)
        {
            var length = RandomAccess.GetLength(file);
            _left -= length;
            if (_left < 0)
            {
                return false;
            }

            var bytes = new byte[length];
            var read = 0;
            while (read < length && await RandomAccess.ReadAsync(file, bytes.AsMemory(read), read, cancellationToken) is > 0 and var more)
            {
                read += more;
            }

            bytes = bytes[..read];
            contents[path] = hide(path.EndsWith(".jsonl", StringComparison.Ordinal) ? bytes[..(Array.LastIndexOf(bytes, (byte)'\n') + 1)] : bytes);
            return true;
        }
    }
}
