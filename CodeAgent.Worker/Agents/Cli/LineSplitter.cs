using System.Globalization;
using System.Text;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>
/// Makes lines of output that comes in pieces, in bounded memory: strings in JSON that are too long lose their end, so that the
/// line stays JSON, and a line that is too long all the same is left out.
/// </summary>
/// <param name="longestString">Characters kept of a string in JSON.</param>
/// <param name="longestLine">Characters of the longest line that comes out.</param>
internal sealed class LineSplitter(int longestString = LineSplitter.LongestString, int longestLine = LineSplitter.LongestLine)
{
    public const int LongestString = 64_000;
    public const int LongestLine = 4_000_000;

    private readonly StringBuilder _line = new();
    private bool _inString;
    private int _stringLength;
    private long _cut;
    private long _length;

    // Of an escape such as \n or \u20ac in the string: how many characters of it are still to come. Cut only between characters.
    private int _escape;

    /// <summary>Lines that were left out because they were too long.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Lines of which strings were cut.</summary>
    public int Shortened { get; private set; }

    /// <summary>Takes the next piece.</summary>
    /// <returns>The lines that end in it.</returns>
    public IReadOnlyList<string> Add(string piece)
    {
        var lines = new List<string>();
        foreach (var c in piece)
        {
            if (c == '\n')
            {
                Take(lines);
            }
            else
            {
                Add(c);
            }
        }

        return lines;
    }

    /// <summary>What is left at the end of the output.</summary>
    public IReadOnlyList<string> End()
    {
        var lines = new List<string>();
        Take(lines);
        return lines;
    }

    private void Add(char c)
    {
        _length++;
        if (!_inString)
        {
            Keep(c);
            (_inString, _stringLength) = (c == '"', 0);
            return;
        }

        if (_escape == 0 && c == '"')
        {
            EndString();
            return;
        }

        var begins = _escape == 0;
        _escape = _escape switch
        {
            0 => c == '\\' ? -1 : 0,
            -1 => c == 'u' ? 4 : 0,
            _ => _escape - 1,
        };
        if ((begins && _stringLength >= longestString && !char.IsLowSurrogate(c)) || _cut > 0)
        {
            _cut++;
            return;
        }

        _stringLength++;
        Keep(c);
    }

    private void EndString()
    {
        if (_cut > 0)
        {
            _line.Append(CultureInfo.InvariantCulture, $"… {_cut:N0} characters left out");
            Shortened++;
        }

        _line.Append('"');
        (_inString, _cut) = (false, 0);
    }

    private void Keep(char c)
    {
        if (_line.Length <= longestLine)
        {
            _line.Append(c);
        }
    }

    private void Take(List<string> lines)
    {
        if (_line.Length > longestLine || (_cut > 0 && _length > longestLine))
        {
            LeftOut++;
        }
        else if (_line.Length > 0)
        {
            lines.Add(_line.ToString().TrimEnd('\r'));
        }

        _line.Clear();
        (_inString, _escape, _cut, _length) = (false, 0, 0, 0);
    }
}
