namespace Streams.Simulator.Replay;

/// <summary>
/// Reads comma-separated records as RFC 4180 has them: quoted fields may hold commas, doubled quotes and line breaks. LF and
/// CRLF both end a record, empty lines are passed over, and a byte order mark is ignored. Only the current record is in memory.
/// </summary>
internal sealed class CsvRecords(TextReader text)
{
    /// <summary>A quote that is never closed would take the whole file into one field; no real record is near this size.</summary>
    private const int MaxRecordInChars = 1 << 20;

    private readonly char[] _block = new char[32 * 1024];
    private readonly List<int> _ends = [];
    private char[] _record = new char[1024];
    private int _length;
    private int _blockLength;
    private int _at;
    private long _nextLine = 1;

    /// <summary>Line of the file, from 1, on which the current record starts.</summary>
    public long Line { get; private set; }

    public int Count => _ends.Count;

    /// <summary>What is wrong with the current record's form; null when it is well formed.</summary>
    public string? Fault { get; private set; }

    /// <summary>A field of the current record, unquoted; valid until the next one is read.</summary>
    public ReadOnlySpan<char> this[int field] => _record.AsSpan(field == 0 ? 0 : _ends[field - 1], _ends[field] - (field == 0 ? 0 : _ends[field - 1]));

    /// <summary>Reads the next record, well formed or not; false at the end.</summary>
    public bool Next()
    {
        _ends.Clear();
        _length = 0;
        Fault = null;
        int c = Take();
        while (c is '\n' or '\r' or '\uFEFF')
        {
            c = Take();
        }

        if (c < 0)
        {
            return false;
        }

        Line = _nextLine;
        bool quoted = false;
        bool fieldStart = true;
        bool afterQuote = false;
        while (true)
        {
            if (quoted)
            {
                if (c < 0)
                {
                    Fault = "quotes: a quoted field is not closed before the end of the file";
                    break;
                }

                if (c != '"')
                {
                    Put((char)c);
                }
                else if (Peek() == '"')
                {
                    Take();
                    Put('"');
                }
                else
                {
                    quoted = false;
                    afterQuote = true;
                }
            }
            else if (c < 0 || c == '\n')
            {
                break;
            }
            else if (c == '\r' && Peek() is '\n' or -1)
            {
                // The LF that follows ends the record.
            }
            else if (c == ',')
            {
                _ends.Add(_length);
                fieldStart = true;
                afterQuote = false;
                c = Take();
                continue;
            }
            else if (afterQuote)
            {
                Fault ??= "quotes: text follows a closing quote";
            }
            else if (c == '"' && fieldStart)
            {
                quoted = true;
            }
            else if (c == '"')
            {
                Fault ??= "quotes: a quote stands inside an unquoted field";
            }
            else
            {
                Put((char)c);
            }

            fieldStart = false;
            if (_length > MaxRecordInChars)
            {
                Fault = "quotes: a record is longer than 1,048,576 characters; a quote is probably not closed";
                SkipLine();
                break;
            }

            c = Take();
        }

        _ends.Add(_length);
        return true;
    }

    private void SkipLine()
    {
        int c;
        do
        {
            c = Take();
        }
        while (c is >= 0 and not '\n');
    }

    private void Put(char c)
    {
        if (_length == _record.Length)
        {
            Array.Resize(ref _record, _record.Length * 2);
        }

        _record[_length++] = c;
    }

    private int Peek() => _at < _blockLength || Fill() ? _block[_at] : -1;

    private int Take()
    {
        if (_at >= _blockLength && !Fill())
        {
            return -1;
        }

        char c = _block[_at++];
        if (c == '\n')
        {
            _nextLine++;
        }

        return c;
    }

    private bool Fill()
    {
        _blockLength = text.Read(_block, 0, _block.Length);
        _at = 0;
        return _blockLength > 0;
    }
}
