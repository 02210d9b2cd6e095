// What an increment needs, read from the extras of its frame: EXTRAS in Frames.cs, which calls this. Checks the form only.

using System.Buffers.Binary;

namespace AzureCache.Gateway;

internal readonly record struct Extras(long? By, long? Initial)
{
    private const int HeadBytes = 3;
    private const int Bytes = HeadBytes + sizeof(long);

    /// <summary>Reads all of them. Answers what is wrong with their form, or null.</summary>
    public static string? Read(ReadOnlySpan<byte> bytes, out Extras extras)
    {
        extras = default;
        for (; !bytes.IsEmpty; bytes = bytes[Bytes..])
        {
            if (bytes.Length < Bytes || BinaryPrimitives.ReadUInt16LittleEndian(bytes[1..]) != sizeof(long))
                return "An extra has not the length of its kind.";
            var number = BinaryPrimitives.ReadInt64LittleEndian(bytes[HeadBytes..]);
            switch (bytes[0])
            {
                case 1: extras = extras with { By = number }; break;
                case 2: extras = extras with { Initial = number }; break;
                default: return "A kind of extra is not known.";
            }
        }
        return null;
    }
}
