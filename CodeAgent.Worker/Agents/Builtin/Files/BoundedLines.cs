using System.Runtime.CompilerServices;
using System.Text;

namespace CodeAgent.Worker.Agents.Builtin.Files;

/// <summary>Reads lines in bounded memory: a file of one line of a gigabyte is nothing special.</summary>
internal static class BoundedLines
{
    private const int Block = 16_384;

    /// <summary>The lines, from the first.</summary>
    /// <param name="stream">The file, at its start.</param>
    /// <param name="longest">Characters kept of a line.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Nothing for an empty file; see <see cref="IsBinaryAsync"/>.</returns>
    public static async IAsyncEnumerable<Line> ReadAsync(Stream stream, int longest, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var encoding = await EncodingAsync(stream, cancellationToken) ?? Encoding.Latin1;
        using var reader = new StreamReader(stream, encoding, detectEncodingFromByteOrderMarks: true, leaveOpen: true);
        var block = new char[Block];
        var text = new StringBuilder();
        var number = 1;
        var left = 0;
        var any = false;
        int count;
        while ((count = await reader.ReadAsync(block, cancellationToken)) > 0)
        {
            var rest = block.AsMemory(0, count);
            while (rest.Length > 0)
            {
                var end = rest.Span.IndexOf('\n');
                var piece = end < 0 ? rest : rest[..end];
                var kept = Math.Min(piece.Length, longest - text.Length);
                text.Append(piece[..kept]);
                left += piece.Length - kept;
                any = true;
                if (end < 0)
                {
                    break;
                }

                yield return Take();
                rest = rest[(end + 1)..];
            }
        }

        if (any)
        {
            yield return Take();
        }

        Line Take()
        {
            if (left == 0 && text.Length > 0 && text[^1] == '\r')
            {
                text.Length--;
            }

            var line = new Line(number++, text.ToString(), left);
            text.Clear();
            left = 0;
            any = false;
            return line;
        }
    }

    /// <summary>Whether a file is no text. Leaves the stream at its start.</summary>
    public static async Task<bool> IsBinaryAsync(Stream stream, CancellationToken cancellationToken) =>
        await EncodingAsync(stream, cancellationToken) is null;

    private static async Task<Encoding?> EncodingAsync(Stream stream, CancellationToken cancellationToken)
    {
        var start = new byte[Block];
        var count = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
        stream.Position = 0;
        return TextEncoding.Of(start.AsSpan(0, count), whole: count < start.Length);
    }
}

/// <summary>A line of a file.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Text">What is kept of it, without its end.</param>
/// <param name="Left">Characters that are not kept.</param>
internal readonly record struct Line(int Number, string Text, int Left);
