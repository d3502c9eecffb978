using System.Text;
using System.Text.Unicode;

namespace CodeAgent.Worker.Agents.Builtin.Files;

/// <summary>Tells how a file's bytes are text.</summary>
internal static class TextEncoding
{
    private const int LooksAt = 8_000;

    private static readonly Encoding Plain = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    // Throws on what it cannot write, rather than putting a question mark in its place.
    private static readonly Encoding Latin1 = Encoding.GetEncoding("iso-8859-1", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
    private static readonly Encoding[] Marked = [new UTF32Encoding(bigEndian: false, byteOrderMark: true), new UTF8Encoding(true), new UnicodeEncoding(false, true), new UnicodeEncoding(true, true)];

    /// <summary>The encoding of a file that begins with these bytes.</summary>
    /// <param name="start">Its first bytes, or all of it.</param>
    /// <param name="whole">Whether it is all of it.</param>
    /// <returns>The encoding, with its byte order mark as preamble where there is one; none for a binary file.</returns>
    public static Encoding? Of(ReadOnlySpan<byte> start, bool whole)
    {
        foreach (var marked in Marked)
        {
            if (start.StartsWith(marked.Preamble))
            {
                return marked;
            }
        }

        if (start[..Math.Min(start.Length, LooksAt)].Contains((byte)0))
        {
            return null;
        }

        // What is cut off may end within a character of up to four bytes. Latin 1 has a character for every byte, so that
        // text in an unknown encoding comes out of an edit as it went in.
        for (var cut = 0; cut <= (whole ? 0 : Math.Min(3, start.Length)); cut++)
        {
            if (Utf8.IsValid(start[..^cut]))
            {
                return Plain;
            }
        }

        return Latin1;
    }
}
