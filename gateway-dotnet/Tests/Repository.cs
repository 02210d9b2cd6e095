// Finds the files of the repository that both languages are held to.

using System.Runtime.CompilerServices;

namespace AzureCache.Gateway.Tests;

internal static class Repository
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Folder(), "..", ".."));

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
