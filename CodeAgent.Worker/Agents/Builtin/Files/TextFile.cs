using System.Text;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Builtin.Files;

/// <summary>A text file in memory that is written back in the encoding it came in.</summary>
internal sealed class TextFile
{
    /// <summary>Longest file that is read whole, in bytes.</summary>
    public const int Longest = 10_000_000;

    private readonly Encoding _encoding;

    private TextFile(string text, Encoding encoding)
    {
        Text = text;
        _encoding = encoding;
    }

    /// <summary>The text, without a byte order mark.</summary>
    public string Text { get; }

    /// <summary>The line end that most lines have.</summary>
    public string LineEnd
    {
        get
        {
            var ends = Text.AsSpan().Count('\n');
            return Text.AsSpan().Count("\r\n") * 2 > ends ? "\r\n" : "\n";
        }
    }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="ToolException">It is too long, or binary.</exception>
    public static async Task<TextFile> ReadAsync(WorkspacePath path, CancellationToken cancellationToken)
    {
        await using var stream = await WorkspaceFiles.OpenAsync(path, cancellationToken);
        if (stream.Length > Longest)
        {
            throw new ToolException($"'{path.Shown}' has {stream.Length:N0} bytes; edit takes files up to {Longest:N0}. Use run for this one.");
        }

        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        var encoding = TextEncoding.Of(bytes, whole: true) ?? throw new ToolException($"'{path.Shown}' is a binary file.");
        return new(encoding.GetString(bytes.AsSpan(encoding.Preamble.Length)), encoding);
    }

    /// <summary>Another text as bytes, in this file's encoding.</summary>
    /// <exception cref="ToolException">The encoding lacks one of its characters.</exception>
    public byte[] Encode(string text)
    {
        try
        {
            return [.. _encoding.Preamble, .. _encoding.GetBytes(text)];
        }
        catch (EncoderFallbackException e)
        {
            throw new ToolException("The file is not in UTF-8, and its encoding lacks a character of the new text. Use characters of Latin 1.", e);
        }
    }
}
