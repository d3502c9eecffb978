using System.Globalization;
using System.Text;

namespace CodeAgent.Worker.Processes;

/// <summary>Keeps the beginning and the end of a text of any length, in bounded memory.</summary>
/// <param name="limit">Longest text that comes out, in characters; 200 where it is less.</param>
internal sealed class OutputBuffer(int limit)
{
    private const int NoteLength = 80;
    private const int Least = 200;
    private readonly StringBuilder _head = new();
    private readonly int _headLimit = (Math.Max(limit, Least) - NoteLength) / 2;
    private readonly char[] _tail = new char[Math.Max(limit, Least) - ((Math.Max(limit, Least) - NoteLength) / 2)];
    private long _tailLength;

    /// <summary>Adds to the end.</summary>
    public void Append(ReadOnlySpan<char> text)
    {
        var toHead = Math.Min(text.Length, _headLimit - _head.Length);
        _head.Append(text[..toHead]);
        foreach (var c in text[toHead..])
        {
            _tail[_tailLength++ % _tail.Length] = c;
        }
    }

    /// <summary>The text, whole where it is no longer than the limit.</summary>
    public override string ToString()
    {
        var whole = _tailLength <= _tail.Length;
        var kept = (int)(whole ? _tailLength : _tail.Length - NoteLength);
        var tail = new char[kept];
        for (var i = 0; i < kept; i++)
        {
            tail[i] = _tail[(_tailLength - kept + i) % _tail.Length];
        }

        if (whole)
        {
            return $"{_head}{new string(tail)}";
        }

        // A character of two halves must not be cut between them.
        var head = char.IsHighSurrogate(_head[^1]) ? _head.ToString(0, _head.Length - 1) : _head.ToString();
        var end = new string(char.IsLowSurrogate(tail[0]) ? tail[1..] : tail);
        return string.Create(CultureInfo.InvariantCulture, $"{head}\n[… {_head.Length + _tailLength - head.Length - end.Length:N0} characters left out …]\n{end}");
    }
}
