// Keeps the OpenSSL of .NET apart from that of Node. Node exports every symbol of the OpenSSL built into it, and on
// Linux the system's libssl would call those instead of its own libcrypto's: two builds that share no layout. TLS to a
// host name then breaks off after the handshake (to an IP address it works, for no session is kept for those).

using System.Runtime.InteropServices;

namespace AzureCache.Gateway;

internal static partial class OpenSsl
{
    /// <summary>RTLD_LAZY and RTLD_DEEPBIND of glibc: a library finds its own symbols first, then everybody's.</summary>
    private const int LazyDeepBind = 0x1 | 0x8;

    /// <summary>
    /// Loads it so that it sees only itself; the runtime, which asks for it by the same name later, gets this one.
    /// Call it before anything that needs cryptography. Where there is none, the runtime says so when it is needed.
    /// </summary>
    public static void KeepApart()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            Load("libssl.so.3", LazyDeepBind);
        }
        catch (EntryPointNotFoundException)
        {
            LoadBeforeGlibc234("libssl.so.3", LazyDeepBind);
        }
    }

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Load(string file, int flags);

    [LibraryImport("libdl.so.2", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint LoadBeforeGlibc234(string file, int flags);
}
